/*---
title   = "posix_memalign returns the error number itself, not -1"
norm    = "must"
source  = ["POSIX.1-2024 posix_memalign, RETURN VALUE"]
fault   = "posix-memalign-returns-minus-one"
needs   = ["posix_memalign"]
---*/
#include "probe.h"

PROBE {
    void *p = NULL;
    int invalid = posix_memalign(&p, 24, 100);
    CHECK(invalid >= 0, "posix_memalign(&p, 24, 100) returned %d", invalid);
    int memory = posix_memalign(&p, 64, SIZE_MAX / 2);
    CHECK(memory >= 0, "posix_memalign(&p, 64, %zu) returned %d", SIZE_MAX / 2, memory);
}
