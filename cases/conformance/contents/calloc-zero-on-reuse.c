/*---
title   = "calloc zeroes memory that was in use before"
norm    = "must"
source  = ["C17 7.22.3.2p2", "POSIX.1-2024 calloc"]
fault   = "calloc-dirty-on-reuse"
needs   = ["malloc", "calloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 8 };

PROBE {
    for (size_t n = 1; n <= KIB(64); n = next_size(n)) {
        unsigned char *block[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            block[i] = malloc(n);
            CHECK(block[i] != NULL, "malloc(%zu) returned NULL", n);
            memset(block[i], 0xff, n);
        }
        for (int i = 0; i < BLOCKS; i++)
            free(block[i]);
        for (int i = 0; i < BLOCKS; i++) {
            block[i] = calloc(n, 1);
            CHECK(block[i] != NULL, "calloc(%zu, 1) returned NULL", n);
            size_t at = first_nonzero(block[i], n);
            CHECK(at == n, "byte %zu of calloc(%zu, 1) is %u after such blocks were freed", at, n, block[i][at]);
        }
        for (int i = 0; i < BLOCKS; i++)
            free(block[i]);
    }
}
