/*---
title   = "a failed aligned_alloc sets errno: ENOMEM for the size, EINVAL for the alignment"
norm    = "must"
source  = ["POSIX.1-2024 aligned_alloc, RETURN VALUE and ERRORS", "Linux man-pages 6.18 aligned_alloc(3), ERRORS"]
fault   = "aligned-alloc-errno-missing"
needs   = ["aligned_alloc", "free"]
---*/
#include "probe.h"

static void check(size_t alignment, size_t n, int expected) {
    errno = 0;
    void *p = aligned_alloc(alignment, n);
    int left = errno;
    if (p == NULL) /* that it fails is another rule's promise */
        CHECK(left == expected, "aligned_alloc(%zu, %zu) returned NULL and left errno at %d, not %s (%d)", alignment, n,
              left, expected == ENOMEM ? "ENOMEM" : "EINVAL", expected);
}

PROBE {
    for (size_t alignment = MAX_ALIGN; alignment <= MIB(1); alignment *= 2) {
        void *p = aligned_alloc(alignment, alignment);
        if (p == NULL)
            break; /* an alignment that is not supported: EINVAL is right whatever the size */
        free(p);
        check(alignment, 0 - alignment, ENOMEM);
        check(alignment, SIZE_MAX / 2 + 1, ENOMEM);
    }
    check(24, 24, EINVAL);
    check(65, 65, EINVAL);
    check(3 * page_size(), 3 * page_size(), EINVAL);
}
