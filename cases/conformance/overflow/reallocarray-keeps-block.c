/*---
title   = "reallocarray that fails on an overflow leaves the old block alone"
norm    = "must"
source  = ["POSIX.1-2024 reallocarray"]
fault   = "reallocarray-failure-frees"
needs   = ["malloc", "reallocarray", "free"]
---*/
#include "probe.h"

enum { OTHERS = 16 };

/* A block that was freed is soon handed out again: so others of its size are taken and written to. */
PROBE {
    for (size_t n = 1; n <= MIB(1); n *= 4) {
        void *p = malloc(n), *other[OTHERS];
        if (p == NULL)
            continue;
        fill(p, n, 1);
        if (reallocarray(p, SIZE_MAX / 2 + 1, 2) != NULL)
            probe_unobservable("reallocarray(p, %zu, 2) does not fail", SIZE_MAX / 2 + 1);
        for (size_t i = 0; i < OTHERS; i++) {
            other[i] = malloc(n);
            if (other[i] != NULL)
                memset(other[i], 0, n);
        }
        CHECK(first_unlike_fill(p, n, 1) == n, "byte %zu of a block of %zu changed after reallocarray of it had failed",
              first_unlike_fill(p, n, 1), n);
        for (size_t i = 0; i < OTHERS; i++)
            free(other[i]);
        free(p);
    }
}
