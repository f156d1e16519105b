/*---
title     = "a block of one C runtime's _aligned_malloc, released by another one's _aligned_free, or by free"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
variants  = ["_aligned_free", "free"]
---*/
#include "pair.h"

enum { ALIGNMENT = 256 };

/* Of the two families. */
static void *(*aligned_malloc[2])(size_t size, size_t alignment);
static void (*given_to)(void *block);

static void *aligned_by_from(size_t size) { return aligned_malloc[0](size, ALIGNMENT); }
static void *aligned_by_to(size_t size) { return aligned_malloc[1](size, ALIGNMENT); }

static const char *give(void *block) {
    given_to(block);
    return NULL;
}

/* Makes a family one of aligned blocks alone: its neighbours are released the right way. */
static void align(struct family *family, unsigned which, void *(*allocate)(size_t size)) {
    aligned_malloc[which] = (void *(*)(size_t, size_t))family_need(family, "_aligned_malloc");
    family->malloc = allocate;
    family->free = (void (*)(void *))family_need(family, "_aligned_free");
}

PROBE {
    pair_open();
    given_to = (void (*)(void *))family_need(&pair.to, probe_variant());
    align(&pair.from, 0, aligned_by_from);
    align(&pair.to, 1, aligned_by_to);
    pair_mix(1000, aligned_by_from, give);
}
