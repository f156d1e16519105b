/*---
title    = "what becomes of a large block's pages inside free"
norm     = "record"
source   = ["malloc(3) NOTES", "mallopt(3) M_MMAP_THRESHOLD"]
fault    = "release-decommits"
needs    = ["malloc", "free"]
platforms = ["linux", "macos", "windows"]
variants = ["1048576", "16777216", "67108864"]
---*/
#include "release.h"

PROBE {
    size_t n = probe_variant_number(MIB(1));
    witness_begin();
    warm_heap();
    void *p = malloc(n);
    CHECK(p != NULL, "malloc(%zu) returned NULL", n);
    write_pages(p, n);
    witness_settle();
    free(p);
    FACT("fate", fate_word(believed(witness_pages(p, n))));
}
