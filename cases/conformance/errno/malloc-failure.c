/*---
title   = "malloc that fails sets errno to ENOMEM"
norm    = "must"
source  = ["POSIX.1-2024 malloc, ERRORS"]
fault   = "malloc-errno-missing"
needs   = ["malloc"]
---*/
#include "probe.h"

/* Refused for their size alone, by half and by an eighth of all addresses: allocators have a path for each. If a block
 * comes instead, it is not even freed: the rules of overflow/ ask about that one. */
PROBE {
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX / 2, SIZE_MAX / 8, SIZE_MAX / 64};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        errno = 0;
        void *p = malloc(sizes[i]);
        int error = errno;
        CHECK(p != NULL || error == ENOMEM, "malloc(%zu) returned NULL with errno %d instead of %d, ENOMEM", sizes[i],
              error, ENOMEM);
    }
}
