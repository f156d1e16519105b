/*---
title   = "free of a null pointer does nothing"
norm    = "must"
source  = ["C17 7.22.3.3p2", "POSIX.1-2024 free"]
fault   = "free-null-traps"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { SIZE = 100 };

PROBE {
    free(NULL);
    void *p = malloc(SIZE);
    CHECK(p != NULL, "malloc(%d) after free(NULL) returned NULL", SIZE);
    fill(p, SIZE, 1);
    free(NULL);
    free(NULL);
    CHECK(first_unlike_fill(p, SIZE, 1) == SIZE, "free(NULL) changed byte %zu of a live block of %d",
          first_unlike_fill(p, SIZE, 1), SIZE);
    free(p);
}
