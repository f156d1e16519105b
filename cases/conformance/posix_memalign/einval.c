/*---
title   = "posix_memalign returns EINVAL for an alignment that is not a power-of-two multiple of sizeof(void *)"
norm    = "must"
source  = ["POSIX.1-2024 posix_memalign, ERRORS, [EINVAL]"]
fault   = "posix-memalign-accepts-invalid"
needs   = ["posix_memalign"]
---*/
#include "probe.h"

static void check(size_t alignment) {
    void *p = NULL;
    int error = posix_memalign(&p, alignment, 100);
    CHECK(error == EINVAL, "posix_memalign(&p, %zu, 100) returned %d, not EINVAL (%d)", alignment, error, EINVAL);
}

PROBE {
    for (size_t alignment = 0; alignment < sizeof(void *); alignment++)
        check(alignment);
    for (size_t alignment = sizeof(void *) + 1; alignment <= KIB(2); alignment = next_size(alignment))
        if ((alignment & (alignment - 1)) != 0)
            check(alignment);
    size_t page = page_size();
    size_t large[] = {page - 8, page + 8, 3 * page, MIB(1) + 16, SIZE_MAX / 2 + 9, SIZE_MAX - 7, SIZE_MAX};
    for (size_t i = 0; i < COUNT_OF(large); i++)
        check(large[i]);
}
