/*---
title   = "free_aligned_sized makes memory from aligned_alloc available again"
norm    = "must"
source  = ["C23 7.24.3.5p2"]
fault   = "free-aligned-sized-leaks"
needs   = ["aligned_alloc", "free_aligned_sized"]
limits  = { memory_mib = 256 }
---*/
#include "probe.h"

PROBE {
    /* Twice the memory limit, one block at a time: without a free it runs out. By hand: ulimit -d 262144 */
    static const struct { size_t alignment, n; } block[] = {{16, 8000}, {4096, KIB(40)}, {KIB(64), MIB(1)}};
    for (size_t i = 0; i < COUNT_OF(block); i++)
        for (size_t total = 0; total < MIB(512); total += block[i].n) {
            void *p = aligned_alloc(block[i].alignment, block[i].n);
            if (p == NULL && total == 0)
                break; /* an alignment that is not supported */
            CHECK(p != NULL, "aligned_alloc(%zu, %zu) returned NULL after %zu MiB went through free_aligned_sized",
                  block[i].alignment, block[i].n, total / MIB(1));
            free_aligned_sized(p, block[i].alignment, block[i].n);
            probe_tick();
        }
}
