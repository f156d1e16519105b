/*---
title    = "what becomes of a freed block's pages at once, and when the allocator has been busy since"
norm     = "record"
source   = ["jemalloc(3) opt.dirty_decay_ms", "mimalloc manual MIMALLOC_PURGE_DELAY"]
fault    = "release-late"
needs    = ["malloc", "free"]
platforms = ["linux", "macos", "windows"]
waits    = true
---*/
#include "release.h"

/* 20,000 mixed sizes, 16 blocks live at a time. They are too small to be cut from the freed block by an allocator that
 * looks for a fit, too large to come from a thread's cache, and the largest does not fit into it. */
static void be_busy(size_t n) {
    void *blocks[16] = {NULL};
    uint32_t random = 1;
    for (size_t i = 0; i < 20000; i++) {
        void **block = &blocks[i % COUNT_OF(blocks)];
        random = random * 1664525u + 1013904223u;
        free(*block);
        *block = malloc(n / 128 + (random >> 8) % (n / 256));
    }
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        free(blocks[i]);
    free(malloc(2 * n));
}

struct life {
    bool busy;
    struct pages pages;
};

/* In a child each: a look reclaims what was lazily freed, so a block is looked at once. */
static void live(void *shared) {
    struct life *life = shared;
    size_t n = MIB(4);
    warm_heap();
    void *p = malloc(n);
    if (p == NULL)
        return;
    write_pages(p, n);
    witness_settle();
    free(p);
    for (size_t i = 0; i < life->busy * 3; i++) {
        sleep_ms(500); /* what is purged after a while falls due, and nobody does it without being called */
        be_busy(n);
    }
    life->pages = witness_pages(p, n);
}

static struct pages pages_of_life(bool busy) {
    struct life *life = system_pages(sizeof *life);
    life->busy = busy;
    CHECK(in_child(live, life), "the child that lived through it died");
    return believed(life->pages);
}

PROBE {
    witness_begin();
    struct pages at_once = pages_of_life(false), later = pages_of_life(true);
    FACT("at_once", fate_word(at_once));
    /* Addresses that went at once may be in use again. */
    if (at_once.resident == at_once.total)
        FACT("after_activity", later.resident == later.total ? "resident" : "returned");
}
