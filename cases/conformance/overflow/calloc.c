/*---
title   = "calloc refuses a product that does not fit into size_t"
norm    = "must"
source  = ["C17 7.22.3.2p2", "C23 7.24.3.2p3", "POSIX.1-2024 calloc"]
fault   = "calloc-overflow-wraps"
needs   = ["calloc"]
---*/
#include "probe.h"

#define ROOT ((size_t)1 << sizeof(size_t) * 4) /* squared, one more than SIZE_MAX */

/* Products whose low bits are a size that is easily had. */
PROBE {
    static const size_t factors[][2] = {
        {SIZE_MAX / 2 + 1, 2}, {SIZE_MAX / 16 + 2, 16}, {SIZE_MAX / 100 + 2, 100},
        {ROOT, ROOT},          {SIZE_MAX, SIZE_MAX},    {SIZE_MAX / 2, SIZE_MAX / 2},
    };
    for (size_t i = 0; i < COUNT_OF(factors); i++) {
        size_t a = factors[i][0], b = factors[i][1];
        CHECK(calloc(a, b) == NULL, "calloc(%zu, %zu) returned a block; the low bits of the product are %zu", a, b,
              a * b);
        CHECK(calloc(b, a) == NULL, "calloc(%zu, %zu) returned a block; the low bits of the product are %zu", b, a,
              a * b);
    }
}
