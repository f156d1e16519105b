/*---
title    = "aligned operator new returns blocks with the alignment that was asked for"
norm     = "must"
source   = ["C++17 [new.delete.single]p1,3,7", "C++17 [new.delete.array]p1,3,7"]
fault    = "aligned-alloc-misaligned"
needs    = []
variants = ["new", "array new", "nothrow new", "nothrow array new"]
---*/
#include <new>

#include "probe.h"

enum { BLOCKS = 8 };

static void *block_of(size_t n, std::align_val_t alignment) {
    const char *form = probe_variant();
    if (strcmp(form, "array new") == 0)
        return ::operator new[](n, alignment);
    if (strcmp(form, "nothrow new") == 0)
        return ::operator new(n, alignment, std::nothrow);
    if (strcmp(form, "nothrow array new") == 0)
        return ::operator new[](n, alignment, std::nothrow);
    return ::operator new(n, alignment);
}

static void release(void *p, std::align_val_t alignment) {
    if (strstr(probe_variant(), "array") != nullptr)
        ::operator delete[](p, alignment);
    else
        ::operator delete(p, alignment);
}

/* Several at once: a block may be aligned by chance, its neighbours then are not. */
static void check(size_t n, size_t alignment) {
    void *blocks[BLOCKS];
    for (void *&block : blocks) {
        block = opaque(block_of(n, std::align_val_t{alignment}));
        CHECK(block != nullptr || alignment > MAX_ALIGN, "operator new of %zu bytes at an alignment of %zu returned a null pointer", n, alignment);
        CHECK(is_aligned(block, alignment), "operator new of %zu bytes at an alignment of %zu is off by %zu", n, alignment,
              (size_t)((uintptr_t)block % alignment));
    }
    for (void *block : blocks)
        release(block, std::align_val_t{alignment});
}

PROBE {
    for (size_t alignment = 1; alignment <= KIB(64); alignment *= 2) {
        const size_t sizes[] = {1, alignment / 2 + 1, alignment, alignment + 1, 3 * alignment, 5 * alignment};
        for (size_t n : sizes)
            check(n, alignment);
        probe_tick();
    }
}
