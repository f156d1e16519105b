/*---
title   = "what alignment malloc gives blocks smaller than the strictest one"
norm    = "record"
source  = ["C17 7.22.3p1", "C23 7.24.3p1"]
fault   = "malloc-small-misaligned"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { LIVE = 128, ROUNDS = 4 };

/* The greatest power of two, up to 16, of which all blocks of `from` to `to` bytes are multiples. A larger block of another
   size before each round: blocks of one class often lie in groups, whose beginning decides for all of a group. */
static const char *common_alignment(size_t from, size_t to) {
    static const char *const words[] = {"1", "2", "4", "8", "16"};
    size_t common = COUNT_OF(words) - 1;
    for (size_t n = from; n <= to; n++) {
        void *larger[ROUNDS], *block[ROUNDS][LIVE];
        for (size_t round = 0; round < ROUNDS; round++) {
            larger[round] = malloc(20000 + 8 * round);
            for (size_t i = 0; i < LIVE; i++) {
                block[round][i] = malloc(n);
                while (!is_aligned(block[round][i], (size_t)1 << common))
                    common--;
            }
        }
        for (size_t round = 0; round < ROUNDS; round++) {
            for (size_t i = 0; i < LIVE; i++)
                free(block[round][i]);
            free(larger[round]);
        }
    }
    return words[common];
}

/* C17's wording asks for 16 on most 64-bit systems, C23 only for what fits into the block. */
PROBE {
    FACT("from-1-to-7", common_alignment(1, 7));
    FACT("of-8", common_alignment(8, 8));
    FACT("from-9-to-15", common_alignment(9, 15));
}
