/*---
title   = "a failed posix_memalign leaves the pointer alone or sets it to NULL"
norm    = "must"
source  = ["POSIX.1-2017 posix_memalign, RETURN VALUE"]
fault   = "posix-memalign-clobbers-pointer"
needs   = ["posix_memalign"]
---*/
#include "probe.h"

static const char *after_failure(size_t alignment, size_t n) {
    char sentinel;
    void *p = &sentinel;
    if (posix_memalign(&p, alignment, n) == 0)
        probe_unobservable("posix_memalign(&p, %zu, %zu) did not fail", alignment, n);
    CHECK(p == &sentinel || p == NULL, "posix_memalign(&p, %zu, %zu) failed and set p to something else", alignment, n);
    return p == NULL ? "null" : "unmodified";
}

PROBE {
    static const size_t invalid[] = {3, 24, 48, 1000};
    static const size_t impossible[] = {SIZE_MAX, SIZE_MAX - KIB(64), SIZE_MAX / 2 + 1, IMPOSSIBLE};
    for (size_t i = 0; i < COUNT_OF(impossible); i++)
        for (size_t alignment = sizeof(void *); alignment < KIB(64); alignment *= 2)
            after_failure(alignment, impossible[i]);
    for (size_t i = 0; i < COUNT_OF(invalid); i++)
        after_failure(invalid[i], 100);
    FACT("enomem", after_failure(64, IMPOSSIBLE));
    FACT("einval", after_failure(24, 100));
}
