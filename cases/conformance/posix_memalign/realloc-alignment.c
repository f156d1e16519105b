/*---
title   = "does realloc keep the alignment that posix_memalign gave?"
norm    = "record"
source  = ["C17 7.22.3.5 and POSIX.1-2024 realloc promise fundamental alignment only"]
fault   = "realloc-drops-alignment"
needs   = ["posix_memalign", "realloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 8 };

/* Many sizes and blocks, because a block may happen to be aligned. */
static const char *after_realloc(size_t numerator, size_t denominator) {
    bool kept = true;
    for (size_t alignment = 4 * MAX_ALIGN; alignment <= KIB(16); alignment *= 2)
        for (size_t n = 24; n <= KIB(8); n *= 2) {
            void *block[BLOCKS] = {NULL};
            for (unsigned i = 0; i < BLOCKS; i++)
                CHECK(posix_memalign(&block[i], alignment, n) == 0, "posix_memalign of %zu bytes failed", n);
            for (unsigned i = 0; i < BLOCKS; i++) {
                block[i] = realloc(block[i], n * numerator / denominator);
                CHECK(block[i] != NULL, "realloc to %zu bytes returned NULL", n * numerator / denominator);
                kept = kept && is_aligned(block[i], alignment);
            }
            for (unsigned i = 0; i < BLOCKS; i++)
                free(block[i]);
        }
    return kept ? "kept" : "dropped";
}

PROBE {
    FACT("shrunk", after_realloc(1, 3));
    FACT("same-size", after_realloc(1, 1));
    FACT("grown", after_realloc(5, 1));
}
