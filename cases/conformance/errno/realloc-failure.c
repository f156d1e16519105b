/*---
title   = "realloc that fails sets errno to ENOMEM"
norm    = "must"
source  = ["POSIX.1-2024 realloc, ERRORS"]
fault   = "realloc-errno-missing"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

/* Old blocks of both kinds, those that share pages with others and those that do not. */
PROBE {
    static const size_t old[] = {100, MIB(1)};
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX / 2, SIZE_MAX / 8, SIZE_MAX / 64};
    for (size_t i = 0; i < COUNT_OF(old) * COUNT_OF(sizes); i++) {
        size_t from = old[i / COUNT_OF(sizes)], to = sizes[i % COUNT_OF(sizes)];
        void *p = malloc(from);
        errno = 0;
        void *q = realloc(p, to);
        int error = errno;
        CHECK(q != NULL || error == ENOMEM,
              "realloc of a block of %zu to %zu returned NULL with errno %d instead of %d, ENOMEM", from, to, error,
              ENOMEM);
        if (q == NULL)
            free(p); /* else it did not fail, and the rules of overflow/ ask about that block */
    }
}
