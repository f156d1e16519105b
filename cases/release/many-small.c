/*---
title    = "how much of many small blocks' memory is still resident when they have been freed"
norm     = "record"
source   = ["malloc_trim(3)", "mallopt(3) M_TRIM_THRESHOLD"]
fault    = "release-small-at-once"
needs    = ["malloc", "free"]
platforms = ["linux", "macos", "windows"]
variants = ["24-forward", "24-reverse", "1000-forward", "1000-reverse", "1000-all-but-last"]
---*/
#include "release.h"

static bool variant_says(const char *word) { return strstr(probe_variant(), word) != NULL; }

PROBE {
    size_t size = probe_variant_number(24), count = size < 100 ? 400000 : 20000;
    size_t freed = count - variant_says("all-but-last");
    void **blocks = system_pages(count * sizeof *blocks); /* no block of the allocator's */
    witness_begin();
    warm_heap();
    for (size_t i = 0; i < count; i++) {
        blocks[i] = malloc(size);
        CHECK(blocks[i] != NULL, "malloc(%zu) returned NULL after %zu blocks", size, i);
        write_pages(blocks[i], size);
    }
    witness_settle();
    for (size_t i = 0; i < freed; i++)
        free(blocks[variant_says("reverse") ? count - 1 - i : i]);
    FACT("resident", share_resident(blocks, count, size));
}
