/* zones.h - what rules about the zones of macOS share. */
#ifndef ALLOCHECK_ZONES_H
#define ALLOCHECK_ZONES_H

#include <malloc/malloc.h>

#include "probe.h" /* last: it has macros for names that the system's header declares */

/* A new zone. Ends the probe (`lacking`) where another allocator answers malloc and does not create zones itself. */
static inline malloc_zone_t *created_zone(void) {
    if (strcmp(owner_word((const void *)(uintptr_t)malloc_create_zone), "own") != 0)
        probe_lacking("malloc_create_zone", "not provided by the allocator");
    malloc_zone_t *zone = malloc_create_zone(0, 0);
    CHECK(zone != NULL, "malloc_create_zone(0, 0) returned NULL");
    return zone;
}

#endif
