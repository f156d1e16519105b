/*---
title   = "each form of operator delete makes memory available again"
norm    = "must"
source  = ["C++17 [basic.stc.dynamic.deallocation]p4", "C++17 [new.delete.single] operator delete",
           "C++17 [new.delete.array] operator delete[]"]
fault   = "free-leaks"
needs   = []
limits  = { memory_mib = 64 }
---*/
#include "sized_delete.h"

#include "probe.h"

constexpr std::align_val_t ALIGNMENT{64};

static void *by_new(size_t n) { return ::operator new(n); }
static void *by_new_array(size_t n) { return ::operator new[](n); }
static void *by_aligned_new(size_t n) { return ::operator new(n, ALIGNMENT); }
static void *by_aligned_new_array(size_t n) { return ::operator new[](n, ALIGNMENT); }

static const struct form {
    const char *name;
    void *(*allocate)(size_t n);
    void (*release)(void *p, size_t n);
} forms[] = {
    {"delete", by_new, [](void *p, size_t) { ::operator delete(p); }},
    {"delete, sized", by_new, [](void *p, size_t n) { ::operator delete(p, n); }},
    {"delete, nothrow", by_new, [](void *p, size_t) { ::operator delete(p, std::nothrow); }},
    {"delete, aligned", by_aligned_new, [](void *p, size_t) { ::operator delete(p, ALIGNMENT); }},
    {"delete, sized and aligned", by_aligned_new, [](void *p, size_t n) { ::operator delete(p, n, ALIGNMENT); }},
    {"delete, aligned and nothrow", by_aligned_new, [](void *p, size_t) { ::operator delete(p, ALIGNMENT, std::nothrow); }},
    {"delete[]", by_new_array, [](void *p, size_t) { ::operator delete[](p); }},
    {"delete[], sized", by_new_array, [](void *p, size_t n) { ::operator delete[](p, n); }},
    {"delete[], nothrow", by_new_array, [](void *p, size_t) { ::operator delete[](p, std::nothrow); }},
    {"delete[], aligned", by_aligned_new_array, [](void *p, size_t) { ::operator delete[](p, ALIGNMENT); }},
    {"delete[], sized and aligned", by_aligned_new_array, [](void *p, size_t n) { ::operator delete[](p, n, ALIGNMENT); }},
    {"delete[], aligned and nothrow", by_aligned_new_array,
     [](void *p, size_t) { ::operator delete[](p, ALIGNMENT, std::nothrow); }},
};

static void *block_of(const form &form, size_t n) {
    try {
        return opaque(form.allocate(n));
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

PROBE {
    /* Twice the memory limit, one block at a time: without release it runs out. By hand: ulimit -d 65536 */
    const size_t sizes[] = {8000, KIB(40), MIB(1)};
    for (const form &form : forms)
        for (size_t n : sizes)
            for (size_t total = 0; total < MIB(128); total += n) {
                void *p = block_of(form, n);
                CHECK(p != nullptr, "no memory for %zu bytes after %zu MiB of such blocks went through operator %s", n,
                      total / MIB(1), form.name);
                form.release(p, n);
                probe_tick();
            }
}
