/*---
title    = "free is given a pointer 16 bytes into a block"
norm     = "record"
source   = ["C17 7.22.3.3p2: the behaviour is undefined"]
fault    = "interior-free-silent"
needs    = ["malloc", "free"]
aslr     = "off"
variants = ["24", "4096", "1048576"]
---*/
#include "aftermath.h"

PROBE {
    size_t n = probe_variant_number(24);
    aftermath_begin(n);
    unsigned char *p = malloc(n);
    fill(p, n, 1000);
    STAGE("freeing");
    free(p + 16);
    STAGE("later");
    FACT("outcome", aftermath());
}
