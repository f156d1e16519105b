/*---
title    = "sized operator delete is told another size than operator new was"
norm     = "record"
core     = false
source   = ["C++17 [new.delete.single] operator delete, Requires: the size that was passed to the allocation function"]
fault    = "overlap-at-class-boundary"
needs    = []
aslr     = "off"
variants = ["17->24", "24->4096", "24->1048576", "4096->24", "4096->1048576", "1048576->24", "1048576->4096"]
---*/
#include "sized_delete.h"

#include "aftermath.h"

static void *block_of(size_t n) { return ::operator new(n); }
static void release(void *p) { ::operator delete(p); }

PROBE {
    const char *sizes = *probe_variant() != '\0' ? probe_variant() : "24->4096";
    size_t n = strtoul(sizes, nullptr, 10), wrong = strtoul(strstr(sizes, "->") + 2, nullptr, 10);
    aftermath_begin(wrong); /* among which the block may be put */
    void *p = block_of(n);
    aftermath_victim(p, n, block_of, release);
    STAGE("freeing");
    ::operator delete(p, wrong);
    STAGE("later");
    FACT("outcome", aftermath_of_victim());
}
