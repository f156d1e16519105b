/*---
title    = "the smallest block of posix_memalign whose pages all go back inside free, by alignment"
norm     = "record"
source   = ["mallopt(3) M_MMAP_THRESHOLD", "POSIX.1-2024 posix_memalign"]
fault    = "release-threshold-doubled"
needs    = ["posix_memalign", "free"]
core     = false
platforms = ["linux", "macos"]
variants = { alignment = ["64", "4096", "2097152"] }
exact    = ["bytes"]
---*/
#include "release.h"

static size_t alignment;

static void *allocate(size_t n) {
    void *p;
    return posix_memalign(&p, alignment, n) == 0 ? p : NULL;
}

static void release(void *p) { free(p); }

PROBE {
    alignment = strtoul(strchr(probe_variant(), '=') + 1, NULL, 10);
    witness_begin();
    struct threshold found = threshold_find((struct form){allocate, release}, warm_heap);
    if (found.exception != NULL && allocate(KIB(4)) == NULL) {
        FACT("block", "none");
        return;
    }
    FACT("threshold", found.exception);
    FACT("fate", found.fate);
    if (found.exception == NULL)
        MEASURE("bytes", found.bytes);
}
