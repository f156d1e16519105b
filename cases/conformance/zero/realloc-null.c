/*---
title   = "realloc of a null pointer is malloc, for every size"
norm    = "must"
source  = ["C17 7.22.3.5p3", "C23 7.24.3.7p3", "POSIX.1-2024 realloc"]
fault   = "realloc-null-fails"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

static const char *result(const void *p) { return p != NULL ? "a block" : "NULL"; }

PROBE {
    for (size_t n = 0; n <= KIB(64); n = next_size(n)) {
        void *p = malloc(n), *q = realloc(NULL, n);
        CHECK((p != NULL) == (q != NULL), "malloc(%zu) returned %s and realloc(NULL, %zu) %s", n, result(p), n,
              result(q));
        if (p != NULL) {
            fill(p, n, 1);
            fill(q, n, 2);
            CHECK(first_unlike_fill(p, n, 1) == n, "writing to realloc(NULL, %zu) changed byte %zu of malloc(%zu)", n,
                  first_unlike_fill(p, n, 1), n);
        }
        free(p);
        free(q);
    }
}
