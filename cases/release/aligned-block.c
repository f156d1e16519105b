/*---
title    = "what becomes of a large aligned block's pages inside free"
norm     = "record"
source   = ["POSIX.1-2024 posix_memalign", "malloc(3) NOTES"]
fault    = "release-decommits"
needs    = ["posix_memalign", "free"]
platforms = ["linux", "macos"]
variants = ["4096", "2097152"]
---*/
#include "release.h"

PROBE {
    size_t n = MIB(16), alignment = probe_variant_number(KIB(4));
    void *p = NULL;
    witness_begin();
    warm_heap();
    if (posix_memalign(&p, alignment, n) != 0) {
        FACT("block", "none");
        return;
    }
    write_pages(p, n);
    witness_settle();
    free(p);
    FACT("fate", fate_word(believed(witness_pages(p, n))));
}
