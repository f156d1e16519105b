/*---
title   = "malloc_usable_size(NULL) is 0"
norm    = "must"
source  = ["Linux man-pages 6.18 malloc_usable_size(3), RETURN VALUE"]
fault   = "usable-size-null-nonzero"
needs   = ["malloc_usable_size"]
platforms = ["linux", "macos"]
---*/
#include "probe.h"

PROBE {
    size_t usable = malloc_usable_size(opaque(NULL));
    CHECK(usable == 0, "malloc_usable_size(NULL) is %zu", usable);
}
