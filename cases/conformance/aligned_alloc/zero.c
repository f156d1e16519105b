/*---
title   = "aligned_alloc of 0 bytes gives NULL or a block like any other: aligned, distinct, freeable"
norm    = "must"
source  = ["C17 7.22.3p1 and 7.22.3.1p2", "POSIX.1-2024 aligned_alloc"]
fault   = "malloc-zero-shared"
needs   = ["aligned_alloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 64 };

PROBE {
    for (size_t alignment = MAX_ALIGN; alignment <= KIB(64); alignment *= 2) {
        void *block[BLOCKS];
        for (unsigned i = 0; i < BLOCKS; i++) {
            block[i] = aligned_alloc(alignment, 0);
            CHECK(is_aligned(block[i], alignment), "aligned_alloc(%zu, 0) is off by %zu", alignment,
                  (size_t)((uintptr_t)block[i] % alignment));
            for (unsigned j = 0; j < i && block[i] != NULL; j++)
                CHECK(block[i] != block[j], "live blocks %u and %u of aligned_alloc(%zu, 0) are one", j, i, alignment);
        }
        if (alignment == KIB(64))
            FACT("zero", block[0] == NULL ? "null" : "block");
        for (unsigned i = 0; i < BLOCKS; i++)
            free(block[i]);
    }
}
