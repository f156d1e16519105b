/*---
title    = "a block is freed twice in a row"
norm     = "record"
source   = ["C17 7.22.3.3p2: the behaviour is undefined"]
fault    = "double-free-silent"
needs    = ["malloc", "free"]
aslr     = "off"
variants = ["24", "4096", "1048576"]
---*/
#include "aftermath.h"

PROBE {
    size_t n = probe_variant_number(24);
    aftermath_begin(n);
    void *p = malloc(n);
    free(p);
    STAGE("freeing");
    free(p);
    STAGE("later");
    FACT("outcome", aftermath());
}
