/*---
title    = "a block of one allocator's function, released or resized by another allocator, by function and size"
norm     = "record"
source   = ["C17 7.22.3.3p2 and 7.22.3.5p3: the behaviour is undefined", "POSIX.1-2024 free, realloc"]
fault    = "free-leaks"
needs    = []
load     = "dlopen"
process  = "fork"
aslr     = "off"
core     = false
boundaries = true
platforms = ["linux", "macos"]
variants = { pairs = { from = ["malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "strdup"], to = ["free", "realloc"] } }
---*/
#include "pair.h"

enum { CACHE_LINE = 64, SECTOR = 512 };

static void *by_calloc(size_t n) { return (pair.from.calloc)(1, n); }

static void *by_realloc(size_t n) { return (pair.from.realloc)((pair.from.malloc)(n / 2), n); }

/* Some allocators refuse a size that is no multiple of the alignment. */
static void *by_aligned_alloc(size_t n) {
    return (pair.from.aligned_alloc)(CACHE_LINE, (n + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

static void *by_posix_memalign(size_t n) {
    void *block = NULL;
    return (pair.from.posix_memalign)(&block, SECTOR, n) == 0 ? block : NULL;
}

static void *by_strdup(size_t n) {
    static char text[MIB(16) + 2];
    static char *(*volatile duplicate)(const char *);
    if (duplicate == NULL)
        duplicate = (char *(*)(const char *))family_need(&pair.from, "strdup");
    if (n > sizeof text)
        probe_unobservable("no text of %zu bytes", n);
    memset(text, 'x', n - 1);
    text[n - 1] = '\0';
    return duplicate(text);
}

static void *(*allocator(void))(size_t) {
    static const struct {
        const char *name;
        void *(*allocate)(size_t);
    } others[] = {{"calloc->", by_calloc},
                  {"realloc->", by_realloc},
                  {"aligned_alloc->", by_aligned_alloc},
                  {"posix_memalign->", by_posix_memalign},
                  {"strdup->", by_strdup}};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (strncmp(probe_variant(), others[i].name, strlen(others[i].name)) == 0)
            return others[i].allocate;
    return pair.from.malloc;
}

PROBE {
    pair_open();
    const char *bytes = strchr(probe_variant(), '=');
    size_t size = bytes != NULL ? strtoul(bytes + 1, NULL, 10) : 24;
    pair_mix(size, allocator(), strstr(probe_variant(), "->realloc") != NULL ? pair_resize : pair_release);
}
