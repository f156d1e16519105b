/*---
title    = "a block of one allocator, released by another one's free"
norm     = "record"
source   = ["C17 7.22.3.3p2: the behaviour is undefined", "POSIX.1-2024 free"]
fault    = "free-leaks"
needs    = []
load     = "dlopen"
process  = "fork"
aslr     = "off"
variants = ["24", "4096", "1048576"]
---*/
#include "pair.h"

PROBE {
    pair_open();
    pair_mix(probe_variant_number(24), pair.from.malloc, pair_release);
}
