/*---
title    = "how much of 20,000 blocks of 1000 bytes stays resident when all but one in K are freed"
norm     = "record"
source   = ["malloc_trim(3)", "mallopt(3) M_TRIM_THRESHOLD"]
fault    = "release-small-at-once"
needs    = ["free"]
core     = false
platforms = ["linux", "macos", "windows"]
variants = { one-in = ["2", "1000"] }
---*/
#include "release.h"

PROBE {
    static void *blocks[20000];
    size_t k = strtoul(strchr(probe_variant(), '=') + 1, NULL, 10);
    witness_begin();
    warm_heap();
    have_blocks(blocks, COUNT_OF(blocks), 1000);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        if (i % k != k - 1)
            free(blocks[i]);
    FACT("resident", share_resident(blocks, COUNT_OF(blocks), 1000));
}
