/*---
title    = "with a knob of the allocator set: the smallest malloc size whose pages all go back, and what of small ones"
norm     = "record"
source   = ["the manual that the knob's entry in cases/allocators names"]
fault    = "release-threshold-doubled"
needs    = ["malloc", "free"]
core     = false
platforms = ["linux", "macos"]
variants = "knobs"
exact    = ["bytes"]
---*/
#include "release.h"

static void *allocate(size_t n) { return malloc(n); }
static void release(void *p) { free(p); }

struct small {
    const char *resident;
};

/* 60,000 blocks of 1000 bytes, freed in the order they were had: what is kept at a heap's top is little beside them. */
static void free_many_small(void *shared) {
    static void *blocks[60000];
    struct small *small = shared;
    warm_heap();
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        blocks[i] = malloc(1000);
        CHECK(blocks[i] != NULL, "malloc(1000) returned NULL after %zu blocks", i);
        write_pages(blocks[i], 1000);
    }
    witness_settle();
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        free(blocks[i]);
    small->resident = share_resident(blocks, COUNT_OF(blocks), 1000);
}

PROBE {
    struct small *small = system_pages(sizeof *small);
    witness_begin();
    struct threshold found = threshold_find_and_check((struct form){allocate, release}, warm_heap);
    FACT("threshold", found.exception);
    FACT("fate", found.fate);
    if (found.exception == NULL)
        MEASURE("bytes", found.bytes);
    CHECK(in_child(free_many_small, small), "the child that freed many small blocks died");
    FACT("many_small", small->resident);
}
