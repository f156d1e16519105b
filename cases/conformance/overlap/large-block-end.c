/*---
title   = "every page of a large block, and its last byte, can be written"
norm    = "must"
source  = ["C17 7.22.3.4p2", "POSIX.1-2024 malloc"]
fault   = "large-last-page-missing"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

PROBE {
    static const size_t sizes[] = {KIB(64), KIB(128), KIB(256), MIB(1), MIB(4), MIB(16)};
    size_t page = page_size();
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t n = sizes[i] - 1; n <= sizes[i] + 1; n++) {
            unsigned char *p = malloc(n);
            CHECK(p != NULL, "malloc(%zu) returned NULL", n);
            STAGE("writing-the-block");
            for (size_t at = 0; at < n; at += page)
                p[at] = 1;
            STAGE("writing-the-last-byte");
            p[n - 1] = 1;
            free(p);
            STAGE("freed");
        }
}
