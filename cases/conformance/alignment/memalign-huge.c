/*---
title   = "memalign honours an alignment above 1 MiB, up to half of all addresses, or refuses it"
norm    = "must"
source  = ["Linux man-pages memalign(3)"]
fault   = "memalign-misaligned"
needs   = ["memalign", "free"]
---*/
#include "probe.h"

PROBE {
    for (size_t alignment = MIB(2); alignment != 0; alignment *= 2) {
        void *p = memalign(alignment, 100), *q = memalign(alignment, 100);
        CHECK(is_aligned(p, alignment) && is_aligned(q, alignment),
              "memalign(%zu, 100) returned a multiple of it plus %zu, and then one plus %zu", alignment,
              (uintptr_t)p & (alignment - 1), (uintptr_t)q & (alignment - 1));
        free(p);
        free(q);
    }
}
