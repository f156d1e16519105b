/*---
title   = "free of a large block leaves errno alone"
norm    = "must"
source  = ["POSIX.1-2024 free"]
fault   = "free-large-clobbers-errno"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { MARK = 12345 };

PROBE {
    for (size_t n = KIB(64); n <= MIB(64); n = next_size(n)) {
        void *p = malloc(n);
        errno = MARK;
        free(p);
        CHECK(errno == MARK, "free of a block of %zu changed errno from %d to %d", n, MARK, errno);
    }
}
