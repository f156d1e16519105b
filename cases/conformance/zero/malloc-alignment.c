/*---
title   = "what alignment the blocks of malloc(0) have"
norm    = "record"
source  = ["C17 7.22.3p1", "C23 7.24.3p1"]
fault   = "malloc-zero-misaligned"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 64 };

/* C17 asks for that of max_align_t; C23 for that of a type that fits into the size an implementation chose. */
PROBE {
    static const char *const words[] = {"1", "2", "4", "8", "16"};
    static void *block[BLOCKS];
    size_t common = COUNT_OF(words) - 1;
    for (size_t i = 0; i < BLOCKS; i++) {
        block[i] = malloc(0);
        while (!is_aligned(block[i], (size_t)1 << common))
            common--;
    }
    FACT("alignment", block[0] != NULL ? words[common] : "null");
    for (size_t i = 0; i < BLOCKS; i++)
        free(block[i]);
}
