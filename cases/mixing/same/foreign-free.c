/*---
title    = "free is given a pointer that no allocator returned"
norm     = "record"
source   = ["C17 7.22.3.3p2: the behaviour is undefined"]
fault    = "foreign-free-silent"
needs    = ["free"]
aslr     = "off"
variants = ["stack", "static"]
---*/
#include "aftermath.h"

PROBE {
    static _Alignas(64) unsigned char on_static[256];
    _Alignas(64) unsigned char on_stack[256];
    unsigned char *p = strcmp(probe_variant(), "static") == 0 ? on_static : on_stack;
    aftermath_begin(24);
    fill(p, 256, 1000);
    STAGE("freeing");
    free(opaque(p + 64));
    STAGE("later");
    FACT("outcome", aftermath());
}
