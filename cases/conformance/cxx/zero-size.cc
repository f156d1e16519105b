/*---
title   = "operator new of no bytes returns a block of its own, or fails"
norm    = "must"
source  = ["C++17 [basic.stc.dynamic.allocation]p2", "C++17 [new.delete.single]p3"]
fault   = "overlap-mixed-families"
needs   = []
---*/
#include <new>

#include "probe.h"

enum { FORMS = 4, BLOCKS = 128 };

static void *block_of(size_t form, size_t n) {
    constexpr std::align_val_t alignment{64};
    switch (form) {
    case 0: return ::operator new(n);
    case 1: return ::operator new[](n);
    case 2: return ::operator new(n, alignment);
    default: return ::operator new[](n, alignment);
    }
}

static void release(size_t form, void *p) {
    constexpr std::align_val_t alignment{64};
    switch (form) {
    case 0: return ::operator delete(p);
    case 1: return ::operator delete[](p);
    case 2: return ::operator delete(p, alignment);
    default: return ::operator delete[](p, alignment);
    }
}

PROBE {
    static const char *const names[FORMS] = {"new", "new[]", "aligned new", "aligned new[]"};
    static void *blocks[FORMS * BLOCKS];
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        const char *name = names[i % FORMS];
        blocks[i] = opaque(block_of(i % FORMS, 0)); /* a compiler takes it for granted that it is not null */
        CHECK(blocks[i] != nullptr, "operator %s of 0 bytes returned a null pointer", name);
        for (size_t j = 0; j < i; j++)
            CHECK(blocks[i] != blocks[j], "block %zu, from operator %s of 0 bytes, has the address of block %zu, which is live",
                  i, name, j);
    }
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        release(i % FORMS, blocks[i]);
}
