/*---
title   = "what alignment malloc gives blocks smaller than the strictest one"
norm    = "record"
source  = ["C17 7.22.3p1", "C23 7.24.3p1"]
fault   = "malloc-small-misaligned"
needs   = ["malloc", "free"]
---*/
#include "common_alignment.h"

static void *allocate(size_t size) { return malloc(size); }
static void release(void *block) { free(block); }
static const char *from_to(size_t from, size_t to) { return common_alignment(from, to, allocate, release); }

/* C17's wording asks for 16 on most 64-bit systems, C23 only for what fits into the block. */
PROBE {
    FACT("from-1-to-7", from_to(1, 7));
    FACT("of-8", from_to(8, 8));
    FACT("from-9-to-15", from_to(9, 15));
}
