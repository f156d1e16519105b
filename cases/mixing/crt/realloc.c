/*---
title     = "a block of one C runtime's malloc, resized by another one's realloc"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
variants  = ["24", "4096", "1048576"]
---*/
#include "pair.h"

PROBE {
    pair_open();
    pair_mix(probe_variant_number(24), pair.from.malloc, pair_resize);
}
