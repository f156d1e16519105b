/*---
title   = "do malloc and calloc leave errno alone when they succeed"
norm    = "record"
source  = ["C17 7.5p3"]
fault   = "malloc-success-sets-errno"
needs   = ["malloc", "calloc", "free"]
aslr    = "off"
---*/
#include "probe.h"

enum { MARK = 12345 };

/* A library function may change errno whether or not there is an error. */
PROBE {
    bool malloc_keeps = true, calloc_keeps = true;
    for (size_t n = 1; n <= MIB(16); n = next_size(n)) {
        errno = MARK;
        void *p = malloc(n);
        malloc_keeps = malloc_keeps && (p == NULL || errno == MARK);
        errno = MARK;
        void *q = calloc(1, n);
        calloc_keeps = calloc_keeps && (q == NULL || errno == MARK);
        free(p);
        free(q);
    }
    FACT("malloc", malloc_keeps ? "kept" : "changed");
    FACT("calloc", calloc_keeps ? "kept" : "changed");
}
