/*---
title   = "aligned_alloc returns blocks with the alignment that was asked for"
norm    = "must"
source  = ["C17 7.22.3.1p2", "POSIX.1-2024 aligned_alloc"]
fault   = "aligned-alloc-misaligned"
needs   = ["aligned_alloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 8 };

PROBE {
    for (size_t alignment = MAX_ALIGN; alignment <= KIB(4); alignment *= 2)
        for (size_t n = alignment; n <= 40 * alignment; n += alignment) {
            void *block[BLOCKS];
            for (unsigned i = 0; i < BLOCKS; i++) {
                block[i] = aligned_alloc(alignment, n);
                CHECK(block[i] != NULL || alignment > MAX_ALIGN, "aligned_alloc(%zu, %zu) returned NULL", alignment, n);
                CHECK(is_aligned(block[i], alignment), "aligned_alloc(%zu, %zu) is off by %zu", alignment, n,
                      (size_t)((uintptr_t)block[i] % alignment));
            }
            for (unsigned i = 0; i < BLOCKS; i++)
                free(block[i]);
        }
}
