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

/* Volatile: a compiler may assume that operator new returns no null pointer. */
static const char *end_of(size_t n) {
    try {
        void *volatile p = block_of(opaque_size(n));
        return p == nullptr ? "returned a null pointer" : "returned a block";
    } catch (const std::bad_alloc &) {
        return nullptr;
    } catch (...) {
        return "threw something else";
    }
}

PROBE {
    /* No object is larger than PTRDIFF_MAX bytes. */
    const size_t sizes[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX - KIB(64), SIZE_MAX - 64, SIZE_MAX};
    for (size_t n : sizes) {
        const char *end = end_of(n);
        CHECK(end == nullptr, "operator %s of SIZE_MAX - %zu bytes %s", probe_variant(), SIZE_MAX - n, end);
    }
}
