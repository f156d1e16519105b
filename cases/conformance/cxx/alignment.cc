/*---
title   = "operator new aligns a block for every object of its size"
norm    = "must"
source  = ["C++17 [new.delete.single]p1", "C++17 [new.delete.array]p1",
           "C++17 [cpp.predefined]p1 __STDCPP_DEFAULT_NEW_ALIGNMENT__"]
fault   = "malloc-misaligned"
needs   = []
---*/
#include <new>

#include "probe.h"

enum { BLOCKS = 8 };

/* An object's size is a multiple of its alignment, so that of a block of 24 bytes is 8 at most. */
static size_t strictest_alignment(size_t n) {
    size_t alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
    while (n % alignment != 0)
        alignment /= 2;
    return alignment;
}

static void check(const char *name, size_t n, void *p) {
    size_t alignment = strictest_alignment(n);
    CHECK(is_aligned(p, alignment), "operator %s of %zu bytes returned a multiple of %zu plus %zu", name, n, alignment,
          (size_t)((uintptr_t)p % alignment));
}

PROBE {
    for (size_t n = 1; n <= KIB(64); n = next_size(n)) {
        void *single[BLOCKS], *array[BLOCKS];
        for (size_t i = 0; i < BLOCKS; i++) {
            check("new", n, single[i] = ::operator new(n));
            check("new[]", n, array[i] = ::operator new[](n));
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            ::operator delete(single[i]);
            ::operator delete[](array[i]);
        }
    }
}
