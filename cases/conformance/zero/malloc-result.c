/*---
title   = "what malloc(0) and calloc(0, 0) return"
norm    = "record"
source  = ["C17 7.22.3p1", "POSIX.1-2024 malloc"]
fault   = "malloc-zero-null"
needs   = ["malloc", "calloc", "free"]
---*/
#include "probe.h"

/* Both a null pointer and a block that may not be accessed are right. */
PROBE {
    void *p = malloc(0), *q = calloc(0, 0);
    FACT("malloc", p != NULL ? "block" : "null");
    FACT("calloc", q != NULL ? "block" : "null");
    free(p);
    free(q);
}
