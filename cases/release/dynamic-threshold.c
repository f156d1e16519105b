/*---
title    = "the smallest malloc size whose pages all go back, when one large block has been freed before"
norm     = "record"
source   = ["mallopt(3) M_MMAP_THRESHOLD"]
fault    = "release-lazy"
needs    = ["malloc", "free"]
platforms = ["linux"]
variants = ["1000000", "33554432"]
exact    = ["bytes"]
---*/
#include "release.h"

static void *allocate(size_t n) { return malloc(n); }
static void release(void *p) { free(p); }

static void free_one_large(void) {
    warm_heap();
    free(malloc(probe_variant_number(1000000)));
}

PROBE {
    witness_begin();
    struct threshold found = threshold_find((struct form){allocate, release}, free_one_large);
    FACT("threshold", found.exception);
    FACT("fate", found.fate);
    if (found.exception == NULL)
        MEASURE("bytes", found.bytes);
}
