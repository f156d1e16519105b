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

/* An exception would end the probe. */
PROBE {
    static const struct {
        size_t n;
        const char *name;
    } sizes[] = {{(size_t)PTRDIFF_MAX + 1, "PTRDIFF_MAX + 1"}, {SIZE_MAX - KIB(64), "SIZE_MAX - 65536"},
                 {SIZE_MAX, "SIZE_MAX"}};
    /* Whether rounding the last one up to an alignment overflows is asked by aligned-overflow. */
    size_t count = strstr(probe_variant(), "aligned") == nullptr ? 3 : 2;
    for (size_t i = 0; i < count; i++)
        CHECK(opaque(block_of(opaque_size(sizes[i].n))) == nullptr, "nothrow operator %s of %s bytes returned a block", probe_variant(),
              sizes[i].name);
}
