/*---
title   = "posix_memalign of 0 bytes gives NULL, an error, or a block like any other: aligned, distinct, freeable"
norm    = "must"
source  = ["POSIX.1-2024 posix_memalign", "POSIX.1-2017 posix_memalign, RETURN VALUE"]
fault   = "malloc-zero-shared"
needs   = ["posix_memalign", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 64 };

PROBE {
    for (size_t alignment = sizeof(void *); alignment <= KIB(64); alignment *= 2) {
        void *block[BLOCKS] = {NULL};
        int error = 0;
        for (unsigned i = 0; i < BLOCKS; i++) {
            error = posix_memalign(&block[i], alignment, 0);
            CHECK(error >= 0, "posix_memalign(&p, %zu, 0) returned %d", alignment, error);
            CHECK(is_aligned(block[i], alignment), "posix_memalign(&p, %zu, 0): p is off by %zu", alignment,
                  (size_t)((uintptr_t)block[i] % alignment));
            for (unsigned j = 0; j < i && block[i] != NULL; j++)
                CHECK(block[i] != block[j], "live blocks %u and %u of posix_memalign(&p, %zu, 0) are one", j, i,
                      alignment);
        }
        if (alignment == KIB(64))
            FACT("zero", error != 0 ? "error" : block[0] == NULL ? "null" : "block");
        for (unsigned i = 0; i < BLOCKS; i++)
            free(block[i]);
    }
}
