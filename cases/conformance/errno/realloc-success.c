/*---
title   = "does realloc leave errno alone when it succeeds"
norm    = "record"
source  = ["C17 7.5p3"]
fault   = "realloc-success-sets-errno"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

enum { MARK = 12345 };

static const char *errno_after(size_t from, size_t to) {
    void *p = malloc(from);
    errno = MARK;
    void *q = realloc(p, to);
    const char *word = q == NULL ? "failed" : errno == MARK ? "kept" : "changed";
    free(q != NULL ? q : p);
    return word;
}

/* A library function may change errno whether or not there is an error. */
PROBE {
    FACT("grow", errno_after(100, 10000));
    FACT("shrink", errno_after(10000, 100));
    FACT("grow-large", errno_after(MIB(1), MIB(16)));
    FACT("shrink-large", errno_after(MIB(16), MIB(1)));
    FACT("small-to-large", errno_after(100, MIB(1)));
    FACT("large-to-small", errno_after(MIB(1), 100));
}
