/*---
title     = "malloc_zone_from_ptr is NULL for what is no block"
norm      = "must"
source    = ["malloc_zone_malloc(3) of macOS: or NULL, if the pointer does not point to an allocated object"]
fault     = "zone-of-anything"
needs     = ["malloc", "free"]
platforms = ["macos"]
---*/
#include "zones.h"

static void check(const char *what, const void *p) {
    CHECK(malloc_zone_from_ptr(opaque((void *)(uintptr_t)p)) == NULL, "%s is in a zone", what);
}

PROBE {
    NEED(malloc_zone_from_ptr);
    static _Alignas(64) char on_static[256];
    _Alignas(64) char on_stack[256];
    void *block = malloc(24); /* so that there is a heap */
    CHECK(block != NULL, "malloc(24) returned NULL");
    check("NULL", NULL);
    check("a static array", on_static + 64);
    check("an array on the stack", on_stack + 64);
    check("a page from the system", system_pages(page_size()));
    free(block);
}
