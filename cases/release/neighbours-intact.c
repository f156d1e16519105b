/*---
title    = "freeing large blocks leaves the live ones beside them alone"
norm     = "must"
source   = ["C17 6.2.4p2", "C17 7.22.3p1", "C17 7.22.3.3p2"]
fault    = "purge-hits-neighbour"
needs    = ["malloc", "free"]
---*/
#include "probe.h"

/* From 33 KiB to half a MiB; no whole number of pages, so that neighbours share one where the allocator lets them. */
static size_t size_of(size_t i) { return (KIB(33) << i % 5) - 8 * i; }

PROBE {
    static void *blocks[30];
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        blocks[i] = malloc(size_of(i));
        CHECK(blocks[i] != NULL, "malloc(%zu) returned NULL", size_of(i));
        fill(blocks[i], size_of(i), (unsigned)i);
    }
    for (size_t i = 0; i < COUNT_OF(blocks); i += 2)
        free(blocks[i]);
    for (size_t i = 1; i < COUNT_OF(blocks); i += 2) {
        size_t at = first_unlike_fill(blocks[i], size_of(i), (unsigned)i);
        CHECK(at == size_of(i), "after others were freed, byte %zu of a live block of %zu bytes has changed", at,
              size_of(i));
    }
}
