/*---
title   = "free of a null pointer leaves errno alone"
norm    = "must"
source  = ["POSIX.1-2024 free"]
fault   = "free-null-clobbers-errno"
needs   = ["free"]
---*/
#include "probe.h"

enum { MARK = 12345 };

PROBE {
    errno = MARK;
    free(NULL);
    CHECK(errno == MARK, "free(NULL) changed errno from %d to %d", MARK, errno);
}
