/*---
title     = "what does malloc_size say of what is no block?"
norm      = "record"
source    = ["malloc_size(3) of macOS: the memory block that backs the allocation pointed to by ptr",
             "<malloc/malloc.h>, malloc_zone_t.size: 0 if not in this zone"]
fault     = "malloc-size-of-anything"
needs     = ["malloc", "free"]
platforms = ["macos"]
---*/
#include "zones.h"

static const char *word(const void *p) { return malloc_size(opaque((void *)(uintptr_t)p)) == 0 ? "zero" : "some"; }

PROBE {
    NEED(malloc_size);
    static _Alignas(64) char on_static[256];
    _Alignas(64) char on_stack[256];
    char *block = malloc(1000);
    CHECK(block != NULL, "malloc(1000) returned NULL");
    FACT("null", word(NULL));
    FACT("static", word(on_static + 64));
    FACT("stack", word(on_stack + 64));
    FACT("interior", word(block + 64));
    free(block);
    FACT("freed", word(block));
}
