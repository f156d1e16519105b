/*---
title     = "a block of one C runtime's calloc, released by another one's free"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
---*/
#include "pair.h"

static void *zeroed(size_t size) { return (pair.from.calloc)(1, size); }

PROBE {
    pair_open();
    pair_mix(24, zeroed, pair_release);
}
