/*---
title    = "what outlives the dlclose of an allocator: its blocks, its threads, its fork handlers"
norm     = "record"
core     = false
source   = ["POSIX.1-2024 dlclose", "POSIX.1-2024 pthread_key_create: destructors run when a thread exits",
            "POSIX.1-2024 pthread_atfork"]
fault    = "large-last-page-missing"
needs    = []
aslr     = "off"
limits   = { memory_mib = 524288 } # room for a second copy of what reserves 256 GiB
platforms = ["linux"]
variants = ["block", "thread", "fork"]
---*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>

#include "second_copy.h"

enum { SIZE = 1 << 20 };

static void *(*its_malloc)(size_t size);
static void (*its_free)(void *p);
static atomic_bool used, closed;

static bool is_mapped(const void *p) { return !witness_unmapped(p, SIZE); }

/* Uses the allocator before it goes, and exits after that. */
static void thread_body(void *unused) {
    (void)unused;
    its_free(opaque(its_malloc(100)));
    atomic_store(&used, true);
    while (!atomic_load(&closed))
        sleep_ms(1);
}

static void nothing(void *shared) { (void)shared; }

PROBE {
    struct thread thread;
    witness_begin();
    void *copy = second_copy("deepbind");
    if (copy == NULL)
        return;
    its_malloc = (void *(*)(size_t))(uintptr_t)dlsym(copy, "malloc");
    its_free = (void (*)(void *))(uintptr_t)dlsym(copy, "free");
    void *p = its_malloc(SIZE);
    fill(p, SIZE, 1);
    bool with_thread = strcmp(probe_variant(), "thread") == 0;
    if (with_thread)
        thread_start(&thread, thread_body, NULL);
    while (with_thread && !atomic_load(&used))
        sleep_ms(1);

    STAGE("freeing");
    dlclose(copy);
    STAGE("later");
    Dl_info info;
    FACT("library", dladdr((void *)(uintptr_t)its_malloc, &info) != 0 ? "stays" : "unloaded");
    FACT("block", !is_mapped(p) ? "unmapped" : first_unlike_fill(p, SIZE, 1) == SIZE ? "kept" : "changed");
    atomic_store(&closed, true);
    if (with_thread)
        thread_join(&thread);
    if (strcmp(probe_variant(), "fork") == 0 && !in_child(nothing, NULL))
        FACT("outcome", "crashed-later");
    else
        FACT("outcome", "silent");
}
