/*---
title     = "glibc's functions about its heap stay callable and harmless"
norm      = "record"
core     = false
source    = ["glibc manual, Replacing malloc: mallopt, mallinfo2 and their kin have no effect or say what is not so"]
fault     = "purge-hits-neighbour"
needs     = ["malloc", "free"]
platforms = ["linux"]
variants  = ["mallopt", "mallinfo", "mallinfo2", "malloc_trim", "malloc_stats", "malloc_info"]
---*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>

#include "aftermath.h"

#if defined(__GLIBC__)
static void by_mallopt(void *function) { ((int (*)(int, int))(uintptr_t)function)(M_MMAP_THRESHOLD, 1 << 20); }
static void by_mallinfo(void *function) { ((struct mallinfo(*)(void))(uintptr_t)function)(); }
/* The header of glibc before 2.33 does not know it, and its dlsym does not find it. */
struct size_t_mallinfo {
    size_t fields[10];
};
static void by_mallinfo2(void *function) { ((struct size_t_mallinfo(*)(void))(uintptr_t)function)(); }
static void by_malloc_trim(void *function) { ((int (*)(size_t))(uintptr_t)function)(0); }
static void by_malloc_stats(void *function) { ((void (*)(void))(uintptr_t)function)(); }
static void by_malloc_info(void *function) { ((int (*)(int, FILE *))(uintptr_t)function)(0, stderr); }

/* Holes between live blocks: what trims a heap passes over them. */
static void make_holes(void) {
    void *blocks[64];
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = malloc(1000);
    aftermath_begin(1000);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        free(blocks[i]);
}

PROBE {
    need_modules();
    static const struct {
        const char *name;
        void (*call)(void *function);
    } functions[] = {
        {"mallopt", by_mallopt},         {"mallinfo", by_mallinfo},         {"mallinfo2", by_mallinfo2},
        {"malloc_trim", by_malloc_trim}, {"malloc_stats", by_malloc_stats}, {"malloc_info", by_malloc_info},
    };
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        if (strcmp(probe_variant(), functions[i].name) != 0)
            continue;
        void *function = dlsym(RTLD_DEFAULT, functions[i].name);
        FACT("provided", owner_word(function));
        if (function == NULL)
            return;
        make_holes();
        functions[i].call(function);
        FACT("heap", aftermath());
    }
}
#else
PROBE { probe_unobservable("another C runtime than glibc has none of them"); }
#endif
