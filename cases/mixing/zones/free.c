/*---
title     = "a block of a created zone, released by free"
norm      = "record"
source    = ["malloc(3) of macOS: free frees allocations of malloc and its kin", "malloc_zone_malloc(3) of macOS"]
fault     = "free-keeps-zone-block"
needs     = ["free"]
platforms = ["macos"]
variants  = ["24", "4096", "1048576"]
---*/
#include "zones.h"

#include "aftermath.h"

static malloc_zone_t *owner;

static void *allocate(size_t n) { return malloc_zone_malloc(owner, n); }
static void release(void *p) { malloc_zone_free(owner, p); }

PROBE {
    size_t n = probe_variant_number(24);
    owner = created_zone();
    aftermath_begin(n);
    void *block = allocate(n);
    aftermath_victim(block, n, allocate, release);
    STAGE("freeing");
    free(block);
    STAGE("later");
    FACT("outcome", aftermath_of_victim());
}
