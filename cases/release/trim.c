/*---
title    = "what malloc_trim gives back of 20,000 freed blocks of 1000 bytes"
norm     = "record"
source   = ["malloc_trim(3)"]
fault    = "trim-does-nothing"
needs    = ["malloc", "free", "malloc_trim"]
platforms = ["linux"]
variants = ["all-free", "last-live"]
---*/
#include "release.h"

PROBE {
    static void *blocks[20000];
    bool last_lives = strcmp(probe_variant(), "last-live") == 0;
    witness_begin();
    warm_heap();
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        blocks[i] = malloc(1000);
        CHECK(blocks[i] != NULL, "malloc(1000) returned NULL after %zu blocks", i);
        write_pages(blocks[i], 1000);
    }
    witness_settle();
    for (size_t i = COUNT_OF(blocks) - last_lives; i-- > 0;)
        free(blocks[i]);
    FACT("before", share_resident(blocks, COUNT_OF(blocks), 1000));
    FACT("result", malloc_trim(0) ? "one" : "zero");
    FACT("after", share_resident(blocks, COUNT_OF(blocks), 1000));
}
