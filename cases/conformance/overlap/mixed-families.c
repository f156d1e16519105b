/*---
title   = "blocks from malloc, calloc, realloc, aligned_alloc and posix_memalign never overlap one another"
norm    = "must"
source  = ["C17 7.22.3p1", "POSIX.1-2024 malloc, posix_memalign"]
fault   = "overlap-mixed-families"
needs   = ["malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 15 };
static const char *const family[] = {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"};

static void *allocate(unsigned i, size_t n) {
    size_t alignment = (size_t)MAX_ALIGN << (i / 5 * 2); /* 16, 64, 256 */
    void *p = NULL;
    switch (i % 5) {
    case 0: return malloc(n);
    case 1: return calloc(1, n);
    case 2: return realloc(NULL, n);
    case 3: return aligned_alloc(alignment, n);
    default: return posix_memalign(&p, alignment, n) == 0 ? p : NULL;
    }
}

PROBE {
    /* Multiples of 256, so that every alignment divides every size. */
    for (size_t k = 1; k <= 256; k = next_size(k)) {
        size_t n = k * 256;
        void *block[BLOCKS];
        for (unsigned i = 0; i < BLOCKS; i++) {
            block[i] = allocate(i, n);
            CHECK(block[i] != NULL, "%s of %zu bytes failed", family[i % 5], n);
            for (unsigned j = 0; j < i; j++)
                CHECK(!overlaps(block[i], n, block[j], n), "live blocks of %s and %s of %zu bytes overlap",
                      family[j % 5], family[i % 5], n);
            fill(block[i], 256, i);
            fill((char *)block[i] + n - 256, 256, i);
        }
        for (unsigned i = 0; i < BLOCKS; i++)
            CHECK(first_unlike_fill((char *)block[i] + n - 256, 256, i) == 256,
                  "the last 256 of %zu bytes from %s changed", n, family[i % 5]);
        for (unsigned i = 0; i < BLOCKS; i++)
            free(block[(i * 7) % BLOCKS]);
    }
}
