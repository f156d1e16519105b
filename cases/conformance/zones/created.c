/*---
title     = "malloc_zone_from_ptr gives a created zone for blocks of all its functions, and they are apart from another's"
norm      = "must"
source    = ["malloc_zone_malloc(3) of macOS", "C17 7.22.3p1: disjoint from any other object"]
fault     = "zone-of-default"
needs     = []
platforms = ["macos"]
---*/
#include "zones.h"

enum { BLOCKS = 5 };
static const char *const functions[BLOCKS] = {"malloc", "calloc", "valloc", "memalign", "realloc"};

static void take(malloc_zone_t *zone, size_t n, void *blocks[BLOCKS]) {
    blocks[0] = malloc_zone_malloc(zone, n);
    blocks[1] = malloc_zone_calloc(zone, 1, n);
    blocks[2] = malloc_zone_valloc(zone, n);
    blocks[3] = malloc_zone_memalign(zone, 256, n);
    blocks[4] = malloc_zone_realloc(zone, malloc_zone_malloc(zone, 2 * n), n);
    for (int i = 0; i < BLOCKS; i++)
        CHECK(blocks[i] != NULL, "malloc_zone_%s of %zu bytes returned NULL", functions[i], n);
}

static void check_and_free(malloc_zone_t *zone, size_t n, void *blocks[BLOCKS], unsigned seed) {
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t at = first_unlike_fill(blocks[i], n, seed + i);
        CHECK(at == n, "byte %zu of a block of %zu from malloc_zone_%s has changed", at, n, functions[i]);
        CHECK(malloc_zone_from_ptr(blocks[i]) == zone, "a block of %zu bytes from malloc_zone_%s is in %s zone", n,
              functions[i], malloc_zone_from_ptr(blocks[i]) == NULL ? "no" : "another");
    }
    for (int i = 0; i < BLOCKS; i++)
        malloc_zone_free(zone, blocks[i]);
}

PROBE {
    malloc_zone_t *one = created_zone(), *other = created_zone();
    for (size_t n = 1; n <= MIB(1); n = next_size(n)) {
        void *of_one[BLOCKS], *of_other[BLOCKS];
        take(one, n, of_one);
        take(other, n, of_other);
        for (unsigned i = 0; i < BLOCKS; i++) {
            fill(of_one[i], n, i);
            fill(of_other[i], n, BLOCKS + i);
        }
        check_and_free(one, n, of_one, 0);
        check_and_free(other, n, of_other, BLOCKS);
    }
    malloc_destroy_zone(one);
    malloc_destroy_zone(other);
}
