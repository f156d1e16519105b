/*---
title   = "calloc that refuses a product too large for size_t sets errno to ENOMEM"
norm    = "must"
source  = ["POSIX.1-2024 calloc, ERRORS"]
fault   = "calloc-errno-missing"
needs   = ["calloc"]
---*/
#include "probe.h"

/* If a block comes instead, it is not even freed: the rules of overflow/ ask about that one. */
PROBE {
    static const size_t factors[][2] = {{SIZE_MAX / 2 + 1, 2}, {2, SIZE_MAX / 2 + 1}, {SIZE_MAX, SIZE_MAX}};
    for (size_t i = 0; i < COUNT_OF(factors); i++) {
        errno = 0;
        void *p = calloc(factors[i][0], factors[i][1]);
        int error = errno;
        CHECK(p != NULL || error == ENOMEM, "calloc(%zu, %zu) returned NULL with errno %d instead of %d, ENOMEM",
              factors[i][0], factors[i][1], error, ENOMEM);
    }
}
