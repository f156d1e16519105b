/*---
title    = "what becomes of the pages that realloc takes from a block of 16 MiB"
norm     = "record"
source   = ["C17 7.22.3.5p2", "realloc(3)"]
fault    = "free-keeps-large"
needs    = ["malloc", "realloc", "free"]
platforms = ["linux", "macos", "windows"]
variants = ["8388608", "100"]
---*/
#include "release.h"

PROBE {
    size_t n = MIB(16), kept = probe_variant_number(MIB(8));
    witness_begin();
    warm_heap();
    unsigned char *p = malloc(n), *old = opaque(p);
    CHECK(p != NULL, "malloc(%zu) returned NULL", n);
    write_pages(p, n);
    witness_settle();
    p = realloc(p, kept);
    CHECK(p != NULL, "realloc from %zu to %zu bytes returned NULL", n, kept);
    /* In place, the page where the kept part ends stays. */
    size_t stays = p == old ? kept + page_size() : 0;
    FACT("block", p == old ? "in-place" : "moved");
    FACT("fate", fate_word(believed(witness_pages(old + stays, n - stays))));
    free(p);
}
