/*---
title   = "a block smaller than the strictest alignment is aligned for every basic type that fits into it"
norm    = "must"
source  = ["C17 7.22.3p1", "C23 7.24.3p1"]
fault   = "malloc-small-misaligned"
needs   = ["malloc", "calloc", "realloc", "free"]
---*/
#include "probe.h"

enum { LIVE = 8 };

/* What both editions ask for. C17's wording goes further, to max_align_t for every size; C23 took that back. */
static size_t alignment_of_fitting(size_t n) {
    static const struct {
        size_t size, alignment;
    } types[] = {
        {sizeof(short), _Alignof(short)},   {sizeof(int), _Alignof(int)},
        {sizeof(void *), _Alignof(void *)}, {sizeof(long long), _Alignof(long long)},
        {sizeof(double), _Alignof(double)},
    };
    size_t strictest = 1;
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (types[i].size <= n && types[i].alignment > strictest)
            strictest = types[i].alignment;
    return strictest;
}

static void check(const char *name, size_t n, const void *p) {
    size_t alignment = alignment_of_fitting(n);
    CHECK(is_aligned(p, alignment), "a block of %zu from %s is at a multiple of %zu plus %zu", n, name, alignment,
          (uintptr_t)p % alignment);
}

PROBE {
    for (size_t n = 1; n < MAX_ALIGN; n++) {
        void *block[LIVE][3];
        for (size_t i = 0; i < LIVE; i++) {
            check("malloc", n, block[i][0] = malloc(n));
            check("calloc", n, block[i][1] = calloc(n, 1));
            check("realloc", n, block[i][2] = realloc(NULL, n));
        }
        for (size_t i = 0; i < LIVE * 3; i++)
            free(block[i / 3][i % 3]);
    }
}
