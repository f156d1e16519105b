/*---
title    = "nothrow operator new returns a null pointer when it has no memory"
norm     = "must"
source   = ["C++17 [new.delete.single]p7", "C++17 [new.delete.array]p7"]
fault    = "malloc-huge-succeeds"
needs    = []
variants = ["new", "array new", "aligned new", "aligned array new"]
---*/
#include <new>

#include "probe.h"

static void *block_of(size_t n) {
    constexpr std::align_val_t alignment{64};
    const char *form = probe_variant();
    if (strcmp(form, "array new") == 0)
        return ::operator new[](n, std::nothrow);
    if (strcmp(form, "aligned new") == 0)
        return ::operator new(n, alignment, std::nothrow);
    if (strcmp(form, "aligned array new") == 0)
        return ::operator new[](n, alignment, std::nothrow);
    return ::operator new(n, std::nothrow);
}

PROBE {
    /* No object is larger than PTRDIFF_MAX bytes. An exception would end the probe. */
    const size_t sizes[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX - KIB(64), SIZE_MAX - 64, SIZE_MAX};
    for (size_t n : sizes) {
        void *p = block_of(opaque_size(n));
        CHECK(p == nullptr, "nothrow operator %s of SIZE_MAX - %zu bytes returned a block", probe_variant(), SIZE_MAX - n);
    }
}
