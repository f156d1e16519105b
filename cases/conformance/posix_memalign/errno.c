/*---
title   = "does posix_memalign touch errno?"
norm    = "record"
source  = ["POSIX.1-2024 posix_memalign says nothing of it", "Linux man-pages 6.03 posix_memalign(3): errno is not set"]
fault   = "posix-memalign-sets-errno"
needs   = ["posix_memalign", "free"]
---*/
#include "probe.h"

enum { KEPT = 4321 };

static const char *errno_after(size_t alignment, size_t n) {
    void *p = NULL;
    errno = KEPT;
    int error = posix_memalign(&p, alignment, n);
    int left = errno;
    if (error == 0)
        free(p);
    return left == KEPT ? "kept" : left == EINVAL ? "einval" : left == ENOMEM ? "enomem" : "other";
}

PROBE {
    errno_after(64, 100); /* whatever an allocator does when it is first called is not the question */
    FACT("success", errno_after(64, 100));
    FACT("success-large", errno_after(4096, MIB(4)));
    FACT("invalid-alignment", errno_after(24, 100));
    FACT("no-memory", errno_after(64, SIZE_MAX / 2));
}
