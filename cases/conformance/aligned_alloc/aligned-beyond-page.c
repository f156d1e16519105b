/*---
title   = "aligned_alloc with an alignment above the page size is aligned or fails"
norm    = "must"
source  = ["C17 7.22.3.1p2", "POSIX.1-2024 aligned_alloc"]
fault   = "aligned-alloc-misaligned-beyond-page"
needs   = ["aligned_alloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 4 };

PROBE {
    for (size_t alignment = 2 * page_size(); alignment <= MIB(16); alignment *= 2)
        for (size_t n = alignment; n <= 3 * alignment; n += alignment) {
            unsigned char *block[BLOCKS];
            for (unsigned i = 0; i < BLOCKS; i++) {
                block[i] = aligned_alloc(alignment, n);
                CHECK(is_aligned(block[i], alignment), "aligned_alloc(%zu, %zu) is off by %zu", alignment, n,
                      (size_t)((uintptr_t)block[i] % alignment));
                if (block[i] != NULL)
                    block[i][0] = block[i][n - 1] = 1;
            }
            for (unsigned i = 0; i < BLOCKS; i++)
                free(block[i]);
            probe_tick();
        }
}
