/* zones.h - what rules about the zones of macOS share. */
#ifndef ALLOCHECK_ZONES_H
#define ALLOCHECK_ZONES_H

#include <malloc/malloc.h>

#include "probe.h" /* last: it has macros for names that the system's header declares */

/* Ends the probe (`lacking`) where another allocator answers malloc and this function is the system's still. */
#define NEED(function) need_own(#function, (const void *)(uintptr_t)(function))

static inline void need_own(const char *name, const void *function) {
    if (strcmp(owner_word(function), "own") != 0)
        probe_lacking(name, "not provided by the allocator");
}

static inline malloc_zone_t *created_zone(void) {
    NEED(malloc_create_zone);
    malloc_zone_t *zone = malloc_create_zone(0, 0);
    CHECK(zone != NULL, "malloc_create_zone(0, 0) returned NULL");
    return zone;
}

/* The zone that malloc takes a block of this size from; NULL if none knows it. */
static inline malloc_zone_t *zone_of_malloc(size_t n) {
    NEED(malloc_zone_from_ptr);
    void *p = malloc(n);
    CHECK(p != NULL, "malloc(%zu) returned NULL", n);
    malloc_zone_t *zone = malloc_zone_from_ptr(p);
    free(p);
    return zone;
}

#endif
