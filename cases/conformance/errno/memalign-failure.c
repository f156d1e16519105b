/*---
title   = "what errno is after memalign or valloc failed"
norm    = "record"
source  = ["Linux man-pages memalign(3), RETURN VALUE"]
fault   = "aligned-alloc-errno-missing"
needs   = ["memalign", "valloc"]
---*/
#include "probe.h"

/* Of the manual pages, recent editions alone promise that errno is set. */
PROBE {
    errno = 0;
    void *p = memalign(64, SIZE_MAX);
    int error = errno;
    FACT("memalign", p != NULL ? "block" : error == ENOMEM ? "enomem" : error == 0 ? "kept" : "other");
    errno = 0;
    p = valloc(SIZE_MAX);
    error = errno;
    FACT("valloc", p != NULL ? "block" : error == ENOMEM ? "enomem" : error == 0 ? "kept" : "other");
}
