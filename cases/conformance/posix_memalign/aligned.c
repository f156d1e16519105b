/*---
title   = "posix_memalign returns blocks with the alignment that was asked for"
norm    = "must"
source  = ["POSIX.1-2024 posix_memalign"]
fault   = "posix-memalign-misaligned"
needs   = ["posix_memalign", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 4 };

static void check(size_t alignment, size_t n) {
    void *block[BLOCKS] = {NULL};
    for (unsigned i = 0; i < BLOCKS; i++) {
        int error = posix_memalign(&block[i], alignment, n);
        CHECK(error == 0, "posix_memalign(&p, %zu, %zu) returned %d", alignment, n, error);
        CHECK(block[i] != NULL, "posix_memalign(&p, %zu, %zu) returned 0 and set p to NULL", alignment, n);
        CHECK(is_aligned(block[i], alignment), "posix_memalign(&p, %zu, %zu): p is off by %zu", alignment, n,
              (size_t)((uintptr_t)block[i] % alignment));
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        free(block[i]);
}

PROBE {
    for (size_t alignment = sizeof(void *); alignment <= MIB(8); alignment *= 2) {
        for (size_t n = 1; n <= 256; n = next_size(n))
            if (alignment <= KIB(64) || n % 64 == 1)
                check(alignment, n);
        size_t sizes[] = {1000, 4096, alignment - 1, alignment, alignment + 1, 100000};
        for (size_t i = 0; i < COUNT_OF(sizes); i++)
            check(alignment, sizes[i]);
    }
}
