/*---
title    = "what the allocator's own function for it gives back of 20,000 freed blocks of 1000 bytes and one of 4 MiB"
norm     = "record"
source   = ["malloc_trim(3)", "jemalloc(3) arena.<i>.purge", "mimalloc manual mi_collect", "gperftools malloc_extension_c.h", "oneTBB scalable_allocation_command", "Scudo Hardened Allocator, mallopt M_PURGE"]
fault    = "trim-does-nothing"
needs    = ["malloc", "free"]
core     = false
platforms = ["linux"]
---*/
#define _GNU_SOURCE
#include <dlfcn.h>

#include "release.h"

/* A function of the process as the type that its caller knows. */
#define AS(type, function) ((type)(uintptr_t)(function))

static void trim(void *function) { AS(int (*)(size_t), function)(0); }

static void purge_arenas(void *function) {
    int (*mallctl)(const char *, void *, size_t *, void *, size_t) =
        AS(int (*)(const char *, void *, size_t *, void *, size_t), function);
    mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    mallctl("arena.4096.purge", NULL, NULL, NULL, 0); /* MALLCTL_ARENAS_ALL */
}

static void collect(void *function) { AS(void (*)(bool), function)(true); }
static void release_free_memory(void *function) { AS(void (*)(void), function)(); }

static void clean_all_buffers(void *function) { AS(int (*)(int, void *), function)(0, NULL); }

static void purge_by_option(void *function) { AS(int (*)(int, int), function)(-101, 0); /* M_PURGE */ }

static const struct way {
    const char *word, *name;
    void (*take)(void *function);
} ways[] = {
    {"malloc_trim", "malloc_trim", trim},
    {"mallctl", "mallctl", purge_arenas},
    {"mi_collect", "mi_collect", collect},
    {"release_free_memory", "MallocExtension_ReleaseFreeMemory", release_free_memory},
    {"scalable_allocation_command", "scalable_allocation_command", clean_all_buffers},
    {"mallopt", "mallopt", purge_by_option},
};

/* The C runtime's own is there under any allocator, and does nothing for it. */
static const struct way *way_of_allocator(void **function) {
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        *function = dlsym(RTLD_DEFAULT, ways[i].name);
        if (*function != NULL && strcmp(owner_word(*function), "runtime") != 0)
            return &ways[i];
    }
    probe_lacking("purge", "no function that is known to give memory back on request");
}

PROBE {
    static void *small[20000];
    void *function;
    const struct way *way = way_of_allocator(&function);
    witness_begin();
    warm_heap();
    void *large = malloc(MIB(4));
    CHECK(large != NULL, "malloc(%zu) returned NULL", MIB(4));
    write_pages(large, MIB(4));
    have_blocks(small, COUNT_OF(small), 1000);
    free(large);
    for (size_t i = COUNT_OF(small); i-- > 0;)
        free(small[i]);
    FACT("by", way->word);
    FACT("small_before", share_resident(small, COUNT_OF(small), 1000));
    clock_skip(1000); /* what is asked while a delay of the allocator's runs would hang on how fast this machine is */
    way->take(function);
    FACT("small_after", share_resident(small, COUNT_OF(small), 1000));
    FACT("large_after", fate_word(believed(witness_pages(large, MIB(4)))));
}
