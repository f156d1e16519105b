/*---
title    = "what becomes of freed pages after jemalloc's own time of decay: left alone, and when called since"
norm     = "record"
source   = ["jemalloc(3) opt.dirty_decay_ms", "jemalloc(3) opt.muzzy_decay_ms"]
fault    = { none = "the reference allocator has no mallctl, and no decay" }
needs    = ["malloc", "free"]
core     = false
platforms = ["linux"]
waits    = true
---*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/types.h>

#include "release.h"

enum { SMALL = 5000 };

typedef int mallctl_function(const char *name, void *old, size_t *old_size, void *new, size_t new_size);

static unsigned decay_ms(void) {
    mallctl_function *mallctl = (mallctl_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "mallctl");
    if (mallctl == NULL)
        probe_lacking("mallctl", "nothing tells a time of decay");
    ssize_t dirty = 0, muzzy = 0;
    size_t size = sizeof dirty;
    CHECK(mallctl("opt.dirty_decay_ms", &dirty, &size, NULL, 0) == 0, "mallctl has no opt.dirty_decay_ms");
    CHECK(mallctl("opt.muzzy_decay_ms", &muzzy, &size, NULL, 0) == 0, "mallctl has no opt.muzzy_decay_ms");
    return (unsigned)((dirty > 0 ? dirty : 0) + (muzzy > 0 ? muzzy : 0));
}

/* Larger than what a thread's cache serves. */
static void be_busy(void) {
    for (size_t i = 0; i < 20000; i++)
        free(malloc(KIB(33) + i % KIB(16)));
}

/* Two sets: a look reclaims what was lazily freed. */
PROBE {
    static void *small[2][SMALL];
    unsigned decay = decay_ms();
    witness_begin();
    warm_heap();
    have_blocks(small[0], SMALL, 1000);
    have_blocks(small[1], SMALL, 1000);
    free_blocks(small[0], SMALL);
    free_blocks(small[1], SMALL);
    for (unsigned waited = 0; waited < decay + 1000; waited += 500) {
        sleep_ms(500);
        probe_tick();
    }
    FACT("idle", share_resident(small[0], SMALL, 1000));
    be_busy();
    FACT("called", share_resident(small[1], SMALL, 1000));
}
