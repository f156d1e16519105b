/*---
title   = "free leaves errno alone, also where many blocks go and the allocator tidies up"
norm    = "must"
source  = ["POSIX.1-2024 free"]
fault   = "free-clobbers-errno"
needs   = ["malloc", "calloc", "realloc", "free"]
---*/
#include "probe.h"

enum { MARK = 12345, BLOCKS = 20000 };

static size_t size_of(size_t i) { return 1 + i * 37 % 5000; }

PROBE {
    static void *block[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t n = size_of(i);
        block[i] = i % 3 == 0 ? malloc(n) : i % 3 == 1 ? calloc(n, 1) : realloc(NULL, n);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        errno = MARK;
        free(block[i]);
        CHECK(errno == MARK, "free of a block of %zu, number %zu of %d, changed errno from %d to %d", size_of(i), i,
              BLOCKS, MARK, errno);
    }
}
