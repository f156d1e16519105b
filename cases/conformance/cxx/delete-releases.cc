/*---
title    = "operator delete makes memory available again"
norm     = "must"
source   = ["C++17 [basic.stc.dynamic.deallocation]p4", "C++17 [new.delete.single] operator delete", "C++17 [new.delete.array] operator delete[]"]
fault    = "free-leaks"
needs    = []
limits   = { memory_mib = 256 }
variants = ["delete", "sized delete", "nothrow delete", "aligned delete", "sized aligned delete", "nothrow aligned delete",
            "array delete", "sized array delete", "nothrow array delete", "aligned array delete",
            "sized aligned array delete", "nothrow aligned array delete"]
---*/
#include "sized_delete.h"

#include "probe.h"

constexpr std::align_val_t ALIGNMENT{64};

static bool is(const char *word) { return strstr(probe_variant(), word) != nullptr; }

static void *block_of(size_t n) {
    if (is("array"))
        return is("aligned") ? ::operator new[](n, ALIGNMENT) : ::operator new[](n);
    return is("aligned") ? ::operator new(n, ALIGNMENT) : ::operator new(n);
}

static void release_array(void *p, size_t n) {
    if (is("aligned"))
        return is("sized")     ? ::operator delete[](p, n, ALIGNMENT)
               : is("nothrow") ? ::operator delete[](p, ALIGNMENT, std::nothrow)
                               : ::operator delete[](p, ALIGNMENT);
    return is("sized") ? ::operator delete[](p, n) : is("nothrow") ? ::operator delete[](p, std::nothrow) : ::operator delete[](p);
}

static void release(void *p, size_t n) {
    if (is("array"))
        return release_array(p, n);
    if (is("aligned"))
        return is("sized")     ? ::operator delete(p, n, ALIGNMENT)
               : is("nothrow") ? ::operator delete(p, ALIGNMENT, std::nothrow)
                               : ::operator delete(p, ALIGNMENT);
    return is("sized") ? ::operator delete(p, n) : is("nothrow") ? ::operator delete(p, std::nothrow) : ::operator delete(p);
}

PROBE {
    /* Twice the memory limit, one block at a time: without release it runs out. By hand: ulimit -d 262144 */
    const size_t sizes[] = {8000, KIB(40), MIB(1)};
    for (size_t n : sizes)
        for (size_t total = 0; total < MIB(512); total += n) {
            void *p = nullptr;
            try {
                p = block_of(n);
            } catch (const std::bad_alloc &) {
            }
            CHECK(p != nullptr, "no memory for %zu bytes after %zu MiB of such blocks went through operator %s", n,
                  total / MIB(1), probe_variant());
            release(p, n);
            probe_tick();
        }
}
