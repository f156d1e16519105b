/*---
title   = "what realloc(p, 0) returns, and what it does to errno"
norm    = "record"
source  = ["C17 7.22.3.5p3", "C23 7.24.3.7p3", "POSIX.1-2024 realloc"]
fault   = "realloc-zero-null"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

/* C17 leaves it to the implementation, POSIX.1-2024 wants EINVAL with a null pointer, both call it obsolescent, and C23
 * undefined: so it is noted and not judged. */
PROBE {
    void *p = malloc(100);
    errno = 0;
    void *q = realloc(p, 0);
    int error = errno;
    FACT("result", q != NULL ? "block" : "null");
    FACT("errno", error == 0 ? "kept" : error == EINVAL ? "einval" : error == ENOMEM ? "enomem" : "other");
    free(q);
}
