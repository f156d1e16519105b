/*---
title    = "a block is freed again after fifteen others of its size"
norm     = "record"
source   = ["C17 7.22.3.3p2: the behaviour is undefined"]
fault    = "double-free-silent"
needs    = ["malloc", "free"]
aslr     = "off"
variants = ["24", "4096"]
---*/
#include "aftermath.h"

PROBE {
    void *blocks[16];
    size_t n = probe_variant_number(24);
    aftermath_begin(n);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = malloc(n);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        free(blocks[i]);
    STAGE("freeing");
    free(blocks[COUNT_OF(blocks) / 2]);
    STAGE("later");
    FACT("outcome", aftermath());
}
