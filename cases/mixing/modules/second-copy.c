/*---
title    = "a block of a second copy of the allocator, or of the first, released by the other one's free"
norm     = "record"
core     = false
source   = ["C17 7.22.3.3p2: the behaviour is undefined", "dlopen(3) RTLD_LOCAL, RTLD_DEEPBIND, dlmopen"]
fault    = "foreign-free-silent"
needs    = ["malloc", "free"]
aslr     = "off"
limits   = { memory_mib = 524288 } # room for a second copy of what reserves 256 GiB
platforms = ["linux"]
variants = ["namespace->program 24", "namespace->program 1048576", "program->namespace 24", "program->namespace 1048576",
            "local->program 24", "local->program 1048576", "program->local 24", "program->local 1048576",
            "deepbind->program 24", "deepbind->program 1048576", "program->deepbind 24", "program->deepbind 1048576"]
---*/
#define _GNU_SOURCE
#include <dlfcn.h>

#include "aftermath.h"
#include "second_copy.h"

typedef void *allocate(size_t n);
typedef void release(void *p);

static bool begins(const char *text, const char *word) { return strncmp(text, word, strlen(word)) == 0; }

/* The way to load the copy, from "namespace->program 24" or "program->namespace 24". */
static const char *way(void) {
    static const char *const ways[] = {"namespace", "local", "deepbind"};
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        if (strstr(probe_variant(), ways[i]) != NULL)
            return ways[i];
    return "namespace";
}

PROBE {
    void *copy = second_copy(way());
    if (copy == NULL)
        return;
    allocate *its_malloc = (allocate *)(uintptr_t)dlsym(copy, "malloc");
    release *its_free = (release *)(uintptr_t)dlsym(copy, "free");
    bool to_copy = begins(probe_variant(), "program");
    const char *space = strrchr(probe_variant(), ' ');
    size_t n = space != NULL ? strtoul(space, NULL, 10) : 24;

    aftermath_begin(n);
    void *p = to_copy ? malloc(n) : its_malloc(n);
    if (to_copy)
        aftermath_victim(p, n, under_test.malloc, under_test.free);
    else
        aftermath_victim(p, n, its_malloc, its_free);
    STAGE("freeing");
    if (to_copy)
        its_free(p);
    else
        free(p);
    STAGE("later");
    FACT("outcome", aftermath_of_victim());
}
