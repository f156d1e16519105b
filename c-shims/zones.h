/* zones.h - what rules about the zones of macOS share. */
#ifndef ALLOCHECK_ZONES_H
#define ALLOCHECK_ZONES_H

#include <mach/mach.h>
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

/* What the system counts as this process' own memory: the figure that Activity Monitor shows. */
static inline size_t footprint(void) {
    task_vm_info_data_t info;
    mach_msg_type_number_t count = TASK_VM_INFO_COUNT;
    if (task_info(mach_task_self(), TASK_VM_INFO, (task_info_t)&info, &count) != KERN_SUCCESS)
        probe_unobservable("task_info does not tell the footprint of this process");
    return (size_t)info.phys_footprint;
}

#endif
