/*---
title    = "the smallest block of calloc, or of realloc from one byte, whose pages all go back inside free"
norm     = "record"
source   = ["mallopt(3) M_MMAP_THRESHOLD", "malloc(3) NOTES"]
fault    = "release-threshold-doubled"
needs    = ["malloc", "calloc", "realloc", "free"]
core     = false
platforms = ["linux", "macos"]
variants = { form = ["calloc", "realloc"] }
exact    = ["bytes"]
---*/
#include "release.h"

static void *zeroed(size_t n) { return calloc(1, n); }

/* From one byte: a large block that realloc moves is given back too, and starts the clock of those that purge by one. */
static void *grown(size_t n) { return realloc(malloc(1), n); }

static void release(void *p) { free(p); }

PROBE {
    bool is_calloc = strcmp(probe_variant(), "form=calloc") == 0;
    witness_begin();
    struct threshold found = threshold_find((struct form){is_calloc ? zeroed : grown, release}, warm_heap);
    FACT("threshold", found.exception);
    FACT("fate", found.fate);
    if (found.exception == NULL)
        MEASURE("bytes", found.bytes);
}
