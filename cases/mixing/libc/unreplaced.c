/*---
title    = "a function that an allocator may have forgotten to replace, and the free that it did replace"
norm     = "record"
core     = false
source   = ["glibc manual, Replacing malloc: an incomplete set of functions can lead to heap corruption and crashes",
            "memalign(3)", "C23 7.24.3.4, 7.24.3.5"]
fault    = "overlap-mixed-families"
needs    = ["malloc", "free"]
aslr     = "off"
platforms = ["linux"]
variants = ["aligned_alloc->free", "posix_memalign->free", "memalign->free", "valloc->free", "pvalloc->free",
            "reallocarray->free", "malloc->reallocarray", "malloc->cfree", "malloc->free_sized",
            "aligned_alloc->free_aligned_sized"]
---*/
#define _GNU_SOURCE
#include <dlfcn.h>

#include "aftermath.h"

enum { SIZE = 4096, ALIGNMENT = 64 };

/* By name: the functions of probe.h's family are those that the allocator has. */
static void (*function(const char *name))(void) { return (void (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, name); }

#define CALL(type, name) ((type)function(name))
typedef void *of_size(size_t size);
typedef void *of_two(size_t alignment, size_t size);
typedef int to_pointer(void **p, size_t alignment, size_t size);
typedef void *resize(void *p, size_t count, size_t size);
typedef void release(void *p);
typedef void release_sized(void *p, size_t size);
typedef void release_aligned_sized(void *p, size_t alignment, size_t size);

static void *by_malloc(size_t n) { return malloc(n); }
static void *by_aligned_alloc(size_t n) { return CALL(of_two *, "aligned_alloc")(ALIGNMENT, n); }
static void *by_memalign(size_t n) { return CALL(of_two *, "memalign")(ALIGNMENT, n); }
static void *by_valloc(size_t n) { return CALL(of_size *, "valloc")(n); }
static void *by_pvalloc(size_t n) { return CALL(of_size *, "pvalloc")(n); }
static void *by_reallocarray(size_t n) { return CALL(resize *, "reallocarray")(NULL, 1, n); }
static void *by_posix_memalign(size_t n) {
    void *p = NULL;
    return CALL(to_pointer *, "posix_memalign")(&p, ALIGNMENT, n) == 0 ? p : NULL;
}

static void to_free(void *p) { free(p); }
static void to_cfree(void *p) { CALL(release *, "cfree")(p); }
static void to_free_sized(void *p) { CALL(release_sized *, "free_sized")(p, SIZE); }
static void to_free_aligned_sized(void *p) { CALL(release_aligned_sized *, "free_aligned_sized")(p, ALIGNMENT, SIZE); }
static void to_reallocarray(void *p) { free(CALL(resize *, "reallocarray")(p, 2, SIZE)); }

static const struct pair {
    const char *name, *asked; /* `asked` is the function that may be the runtime's */
    void *(*allocate)(size_t n);
    void (*release)(void *p);
    bool is_its_own; /* the runtime's blocks of this function are its own, not of the malloc in force */
} pairs[] = {
    {"aligned_alloc->free", "aligned_alloc", by_aligned_alloc, to_free, true},
    {"posix_memalign->free", "posix_memalign", by_posix_memalign, to_free, true},
    {"memalign->free", "memalign", by_memalign, to_free, true},
    {"valloc->free", "valloc", by_valloc, to_free, true},
    {"pvalloc->free", "pvalloc", by_pvalloc, to_free, true},
    {"reallocarray->free", "reallocarray", by_reallocarray, to_free, false},
    {"malloc->reallocarray", "reallocarray", by_malloc, to_reallocarray, false},
    {"malloc->cfree", "cfree", by_malloc, to_cfree, false},
    {"malloc->free_sized", "free_sized", by_malloc, to_free_sized, false},
    {"aligned_alloc->free_aligned_sized", "free_aligned_sized", by_aligned_alloc, to_free_aligned_sized, false},
};

static const struct pair *chosen(void) {
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (strcmp(probe_variant(), pairs[i].name) == 0)
            return &pairs[i];
    probe_unobservable("there is no pair %s", probe_variant());
}

PROBE {
    need_modules();
    const struct pair *pair = chosen();
    const char *owner = owner_word((const void *)(uintptr_t)function(pair->asked));
    FACT("provided", owner);
    if (strcmp(owner, "absent") == 0)
        return;
    struct family runtime;
    family_open(&runtime, "");
    aftermath_begin(SIZE);
    void *p = pair->allocate(SIZE);
    bool is_runtimes = pair->is_its_own && strcmp(owner, "runtime") == 0;
    aftermath_victim(p, SIZE, pair->allocate, is_runtimes ? runtime.free : under_test.free);
    STAGE("freeing");
    pair->release(p);
    STAGE("later");
    FACT("outcome", aftermath_of_victim());
}
