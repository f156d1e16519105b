/*---
title   = "memalign returns multiples of each power of two up to 1 MiB"
norm    = "must"
source  = ["Linux man-pages memalign(3)"]
fault   = "memalign-misaligned"
needs   = ["memalign", "free"]
---*/
#include "probe.h"

enum { LIVE = 4 };

/* Several live ones of each kind: the first of a page or of a chunk is aligned by itself. */
PROBE {
    static const size_t sizes[] = {1, 7, 24, 100, 1000, 4096, 5000, 40000};
    for (size_t alignment = sizeof(void *); alignment <= MIB(1); alignment *= 2) {
        void *block[COUNT_OF(sizes) * LIVE];
        for (size_t i = 0; i < COUNT_OF(block); i++) {
            size_t n = sizes[i / LIVE];
            block[i] = memalign(alignment, n);
            CHECK(block[i] != NULL, "memalign(%zu, %zu) returned NULL", alignment, n);
            CHECK(is_aligned(block[i], alignment), "memalign(%zu, %zu) returned a multiple of %zu plus %zu", alignment,
                  n, alignment, (uintptr_t)block[i] % alignment);
        }
        for (size_t i = 0; i < COUNT_OF(block); i++)
            free(block[i]);
        probe_tick();
    }
}
