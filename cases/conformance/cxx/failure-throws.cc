/*---
title    = "operator new throws bad_alloc when it has no memory"
norm     = "must"
source   = ["C++17 [new.delete.single]p3", "C++17 [new.delete.array]p3", "C++17 [bad.alloc]"]
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
        return ::operator new[](n);
    if (strcmp(form, "aligned new") == 0)
        return ::operator new(n, alignment);
    if (strcmp(form, "aligned array new") == 0)
        return ::operator new[](n, alignment);
    return ::operator new(n);
}

/* NULL if it threw bad_alloc. */
static const char *other_end(size_t n) {
    try {
        /* A compiler takes it for granted that it is not null. */
        return opaque(block_of(opaque_size(n))) == nullptr ? "returned a null pointer" : "returned a block";
    } catch (const std::bad_alloc &) {
        return nullptr;
    } catch (...) {
        return "threw something else";
    }
}

PROBE {
    static const struct {
        size_t n;
        const char *name;
    } sizes[] = {{(size_t)PTRDIFF_MAX + 1, "PTRDIFF_MAX + 1"}, {SIZE_MAX - KIB(64), "SIZE_MAX - 65536"},
                 {SIZE_MAX, "SIZE_MAX"}};
    /* Whether rounding the last one up to an alignment overflows is asked by aligned-overflow. */
    size_t count = strstr(probe_variant(), "aligned") == nullptr ? 3 : 2;
    for (size_t i = 0; i < count; i++) {
        const char *end = other_end(sizes[i].n);
        CHECK(end == nullptr, "operator %s of %s bytes %s", probe_variant(), sizes[i].name, end);
    }
}
