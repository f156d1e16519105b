/*---
title   = "how much more than asked for is usable, at worst?"
norm    = "record"
source  = ["Linux man-pages 6.18 malloc_usable_size(3), CAVEATS"]
fault   = "usable-size-short"
needs   = ["malloc", "free", "malloc_usable_size"]
---*/
#include "probe.h"

static const char *share(size_t excess, size_t n) {
    if (excess == 0)
        return "none";
    return excess <= n / 8 ? "eighth" : excess <= n / 4 ? "quarter" : excess <= n / 2 ? "half" : "more";
}

/* The worst over [from, to]: every size up to 4 KiB, else a sweep. */
static const char *worst(size_t from, size_t to) {
    size_t worst_excess = 0, worst_size = to;
    for (size_t n = from; n <= to; n = to <= KIB(4) ? n + 1 : next_size(n)) {
        void *p = malloc(n);
        CHECK(p != NULL, "malloc(%zu) returned NULL", n);
        size_t usable = malloc_usable_size(p);
        free(p);
        if (usable < n)
            return "short";
        if ((usable - n) * worst_size > worst_excess * n) {
            worst_excess = usable - n;
            worst_size = n;
        }
    }
    return share(worst_excess, worst_size);
}

PROBE {
    FACT("to-1024", worst(129, 1024));
    FACT("to-4096", worst(1025, KIB(4)));
    FACT("to-65536", worst(KIB(4) + 1, KIB(64)));
    FACT("mib-to-8mib", worst(MIB(1), MIB(8)));
}
