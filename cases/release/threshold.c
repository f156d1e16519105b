/*---
title    = "the smallest malloc size whose pages all go back to the system inside free"
norm     = "record"
source   = ["mallopt(3) M_MMAP_THRESHOLD", "malloc(3) NOTES"]
fault    = "release-threshold-doubled"
needs    = ["malloc", "free"]
platforms = ["linux", "macos", "windows"]
variants = ["", "untouched", "after-churn"]
exact    = ["bytes"]
---*/
#include "release.h"

static void *allocate(size_t n) { return malloc(n); }
static void release(void *p) { free(p); }
static const struct form form = {allocate, release};

static void untouched(void) {}

/* A megabyte of small blocks, written and freed. */
static void churn(void) {
    static void *blocks[20000];
    warm_heap();
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        if ((blocks[i] = malloc(50)) != NULL)
            fill(blocks[i], 50, 1);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        free(blocks[i]);
}

static const char *relation(struct threshold here, struct threshold warm) {
    if (here.bytes == 0)
        return "none";
    if (warm.bytes == 0 || here.bytes < warm.bytes)
        return "lower";
    return here.bytes > warm.bytes ? "higher" : "equal";
}

PROBE {
    witness_begin();
    if (*probe_variant() == '\0') {
        struct threshold warm = threshold_find_and_check(form, warm_heap);
        FACT("threshold", warm.exception);
        FACT("fate", warm.fate);
        if (warm.exception == NULL)
            MEASURE("bytes", warm.bytes);
    } else {
        struct threshold warm = threshold_find(form, warm_heap);
        struct threshold here = threshold_find(form, strcmp(probe_variant(), "untouched") == 0 ? untouched : churn);
        FACT("relation", relation(here, warm));
        FACT("fate", here.fate);
    }
}
