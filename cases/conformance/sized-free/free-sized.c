/*---
title   = "free_sized makes memory from malloc, calloc and realloc available again"
norm    = "must"
source  = ["C23 7.24.3.4p2"]
fault   = "free-sized-leaks"
needs   = ["malloc", "calloc", "realloc", "free_sized"]
limits  = { memory_mib = 256 }
---*/
#include "probe.h"

PROBE {
    /* Twice the memory limit, one block at a time: without a free it runs out. By hand: ulimit -d 262144 */
    static const size_t sizes[] = {8000, KIB(40), MIB(1)};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        size_t n = sizes[i];
        for (size_t block = 0; block < MIB(512) / n; block++) {
            void *p = block % 3 == 0 ? malloc(n) : block % 3 == 1 ? calloc(1, n) : realloc(NULL, n);
            CHECK(p != NULL, "no memory for %zu bytes after %zu MiB of such blocks went through free_sized", n,
                  block * n / MIB(1));
            free_sized(p, n);
            probe_tick();
        }
    }
}
