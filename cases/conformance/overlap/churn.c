/*---
title   = "live blocks keep their bytes while others of all sizes come, grow and go"
norm    = "must"
source  = ["C17 7.22.3p1 and 7.22.3.5p2", "POSIX.1-2024 malloc"]
fault   = "overlap-at-class-boundary"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 128, STEPS = 3000 };

struct block {
    void *p;
    size_t n;
    unsigned seed;
};

static void check(const struct block *block) {
    size_t at = first_unlike_fill(block->p, block->n, block->seed);
    CHECK(at == block->n, "byte %zu of a live block of %zu bytes changed", at, block->n);
}

PROBE {
    static struct block blocks[BLOCKS];
    uint32_t random = 1;
    for (unsigned step = 0; step < STEPS; step++) {
        random = random * 1664525u + 1013904223u;
        struct block *block = &blocks[random >> 25];
        size_t n = 1 + ((random >> 4) & 0x1ffff) / (1u << ((random >> 21) & 15)); /* up to 128 KiB, mostly small */
        if (block->p != NULL)
            check(block);
        if (block->p != NULL && step % 3 != 0) {
            free(block->p);
            block->p = NULL;
            continue;
        }
        size_t kept = block->n < n ? block->n : n;
        void *p = block->p != NULL ? realloc(block->p, n) : malloc(n);
        CHECK(p != NULL, "malloc or realloc of %zu bytes returned NULL", n);
        CHECK(block->p == NULL || first_unlike_fill(p, kept, block->seed) == kept,
              "realloc from %zu to %zu bytes lost the contents", block->n, n);
        *block = (struct block){p, n, step};
        fill(p, n, step);
        probe_tick();
    }
    for (size_t i = 0; i < BLOCKS; i++)
        if (blocks[i].p != NULL)
            check(&blocks[i]);
}
