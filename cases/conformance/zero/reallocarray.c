/*---
title   = "reallocarray of no elements or of empty ones is realloc of no bytes"
norm    = "must"
source  = ["POSIX.1-2024 reallocarray"]
fault   = "calloc-zero-traps"
needs   = ["realloc", "reallocarray", "free"]
---*/
#include "probe.h"

static const char *result(const void *p) { return p != NULL ? "a block" : "NULL"; }

PROBE {
    static const struct {
        const char *word;
        size_t count, size;
    } requests[] = {
        {"none-of-none", 0, 0},
        {"none-of-one", 0, 1},
        {"one-of-none", 1, 0},
        {"none-of-max", 0, SIZE_MAX},
        {"max-of-none", SIZE_MAX, 0},
    };
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        STAGE(requests[i].word);
        void *p = realloc(NULL, 0), *q = reallocarray(NULL, requests[i].count, requests[i].size);
        CHECK((p != NULL) == (q != NULL), "realloc(NULL, 0) returned %s and reallocarray(NULL, %zu, %zu) %s", result(p),
              requests[i].count, requests[i].size, result(q));
        free(p);
        free(q);
    }
}
