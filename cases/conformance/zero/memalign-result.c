/*---
title   = "what memalign(64, 0) and valloc(0) return"
norm    = "record"
source  = ["Linux man-pages memalign(3)"]
fault   = "malloc-zero-null"
needs   = ["memalign", "valloc", "free"]
---*/
#include "probe.h"

/* The manual page says nothing of zero for these two. */
PROBE {
    void *p = memalign(64, 0), *q = valloc(0);
    FACT("memalign", p != NULL ? "block" : "null");
    FACT("valloc", q != NULL ? "block" : "null");
    free(p);
    free(q);
}
