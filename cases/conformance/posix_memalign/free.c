/*---
title   = "free makes memory from posix_memalign available again"
norm    = "must"
source  = ["POSIX.1-2024 posix_memalign"]
fault   = "free-leaks"
needs   = ["posix_memalign", "free"]
limits  = { memory_mib = 256 }
---*/
#include "probe.h"

PROBE {
    /* Twice the memory limit, one block at a time: without free it runs out. By hand: ulimit -d 262144 */
    static const struct { size_t alignment, n; } block[] = {{64, 8000}, {4096, KIB(40)}, {KIB(64), MIB(1)}};
    for (size_t i = 0; i < COUNT_OF(block); i++)
        for (size_t total = 0; total < MIB(512); total += block[i].n) {
            void *p = NULL;
            int error = posix_memalign(&p, block[i].alignment, block[i].n);
            if (error != 0 && total == 0)
                break; /* that it can be had at all is another rule's promise */
            CHECK(error == 0, "posix_memalign(&p, %zu, %zu) returned %d after %zu MiB of such blocks were freed",
                  block[i].alignment, block[i].n, error, total / MIB(1));
            free(p);
            probe_tick();
        }
}
