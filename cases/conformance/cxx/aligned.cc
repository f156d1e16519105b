/*---
title   = "aligned operator new returns blocks with the alignment that was asked for"
norm    = "must"
source  = ["C++17 [new.delete.single]p1,3,7", "C++17 [new.delete.array]p1,3,7"]
fault   = "aligned-new-misaligned"
needs   = []
---*/
#include <new>

#include "probe.h"

enum { BLOCKS = 8 };

using std::align_val_t;

static void *nothrow_new(size_t n, align_val_t alignment) { return ::operator new(n, alignment, std::nothrow); }
static void *nothrow_new_array(size_t n, align_val_t alignment) { return ::operator new[](n, alignment, std::nothrow); }

static const struct form {
    const char *name;
    void *(*allocate)(size_t n, align_val_t alignment);
    void (*release)(void *p, align_val_t alignment);
} forms[] = {
    {"new", ::operator new, ::operator delete},
    {"new[]", ::operator new[], ::operator delete[]},
    {"nothrow new", nothrow_new, ::operator delete},
    {"nothrow new[]", nothrow_new_array, ::operator delete[]},
};

/* Several at once: a block may be aligned by chance, its neighbours then are not. */
static void check(const form &form, size_t n, size_t alignment) {
    void *blocks[BLOCKS];
    for (void *&block : blocks) {
        block = opaque(form.allocate(n, align_val_t{alignment}));
        CHECK(block != nullptr || alignment > MAX_ALIGN, "operator %s of %zu bytes aligned to %zu returned a null pointer",
              form.name, n, alignment);
        CHECK(is_aligned(block, alignment), "operator %s of %zu bytes aligned to %zu is off by %zu", form.name, n,
              alignment, (size_t)((uintptr_t)block % alignment));
    }
    for (void *block : blocks)
        form.release(block, align_val_t{alignment});
}

PROBE {
    for (const form &form : forms)
        for (size_t alignment = 1; alignment <= KIB(64); alignment *= 2) {
            const size_t sizes[] = {1, alignment / 2 + 1, alignment, alignment + 1, 3 * alignment, 5 * alignment};
            for (size_t n : sizes)
                check(form, n, alignment);
            probe_tick();
        }
}
