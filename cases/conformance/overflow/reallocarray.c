/*---
title   = "reallocarray refuses a product that does not fit into size_t"
norm    = "must"
source  = ["POSIX.1-2024 reallocarray"]
fault   = "reallocarray-overflow-wraps"
needs   = ["malloc", "reallocarray", "free"]
---*/
#include "probe.h"

#define ROOT ((size_t)1 << sizeof(size_t) * 4) /* squared, one more than SIZE_MAX */

/* Products whose low bits are a size that is easily had. */
PROBE {
    static const size_t factors[][2] = {
        {SIZE_MAX / 2 + 1, 2}, {SIZE_MAX / 16 + 2, 16}, {SIZE_MAX / 100 + 2, 100},
        {ROOT, ROOT},          {SIZE_MAX, SIZE_MAX},    {SIZE_MAX / 2, SIZE_MAX / 2},
    };
    void *p = malloc(100);
    for (size_t i = 0; i < COUNT_OF(factors); i++) {
        size_t a = factors[i][0], b = factors[i][1];
        CHECK(reallocarray(NULL, a, b) == NULL,
              "reallocarray(NULL, %zu, %zu) returned a block; the low bits of the product are %zu", a, b, a * b);
        CHECK(reallocarray(p, b, a) == NULL,
              "reallocarray(p, %zu, %zu) returned a block; the low bits of the product are %zu", b, a, a * b);
    }
    free(p);
}
