/*---
title    = "a freed large block's space is there for the next: 1000 times 8 MiB, one at a time, in 512 MiB"
norm     = "must"
source   = ["C17 7.22.3.3p2"]
fault    = "address-space-leaks"
needs    = ["malloc", "free"]
limits   = { memory_mib = 512 }
---*/
#include "probe.h"

/* By hand: ulimit -d 524288 */
PROBE {
    const size_t n = MIB(8);
    for (size_t i = 0; i < 1000; i++) {
        unsigned char *p = malloc(n);
        CHECK(p != NULL, "malloc(%zu) returned NULL after %zu such blocks were had and freed", n, i);
        p[0] = p[n - 1] = 1;
        free(p);
    }
}
