/*---
title   = "free makes memory from memalign available again"
norm    = "must"
source  = ["posix_memalign(3) NOTES"]
fault   = "free-leaks"
needs   = ["memalign", "free"]
limits  = { memory_mib = 256 }
---*/
#include "probe.h"

PROBE {
    /* Twice the memory limit, one block at a time: without free it runs out. By hand: ulimit -d 262144 */
    static const size_t sizes[] = {8000, KIB(40), MIB(1)};
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t total = 0; total < MIB(512); total += sizes[i]) {
            void *p = memalign(4096, sizes[i]);
            CHECK(p != NULL, "memalign(4096, %zu) returned NULL after %zu MiB of such blocks were freed", sizes[i],
                  total / MIB(1));
            free(p);
            probe_tick();
        }
}
