/*---
title    = "what becomes of freed pages at once, and while the program does nothing for 10 ms, 100 ms and 1 s"
norm     = "record"
source   = ["jemalloc(3) opt.dirty_decay_ms", "jemalloc(3) opt.background_thread", "mimalloc README, Environment Options"]
fault    = "free-keeps-large"
needs    = ["malloc", "free"]
core     = false
platforms = ["linux", "macos", "windows"]
waits    = true
---*/
#include "release.h"

enum { SMALL = 20000 };

struct life {
    unsigned idle_ms;
    const char *large, *small;
};

/* In a child each, so that all that differs is the time. */
static void live(void *shared) {
    static void *small[SMALL];
    struct life *life = shared;
    warm_heap();
    void *large = malloc(MIB(4));
    CHECK(large != NULL, "malloc(%zu) returned NULL", MIB(4));
    write_pages(large, MIB(4));
    have_blocks(small, SMALL, 1000);
    free_blocks(small, SMALL);
    free(large); /* last: a call to free lets go what has lain there by the clock */
    sleep_ms(life->idle_ms);
    life->large = fate_word(believed(witness_pages(large, MIB(4))));
    life->small = share_resident(small, SMALL, 1000);
}

static void look_after(unsigned idle_ms, const char *large, const char *small) {
    struct life *life = system_pages(sizeof *life);
    life->idle_ms = idle_ms;
    CHECK(in_child(live, life), "the child that lived through it died");
    FACT(large, life->large);
    FACT(small, life->small);
}

PROBE {
    witness_begin();
    look_after(0, "large_at_once", "small_at_once");
    look_after(10, "large_10ms", "small_10ms");
    look_after(100, "large_100ms", "small_100ms");
    look_after(1000, "large_1s", "small_1s");
}
