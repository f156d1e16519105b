/*---
title    = "aligned operator delete is told another alignment than operator new was"
norm     = "record"
core     = false
source   = ["C++17 [new.delete.single] operator delete, Requires: the alignment that was passed to the allocation function"]
fault    = "overlap-mixed-families"
needs    = []
aslr     = "off"
variants = ["64->128", "64->4096", "64->65536", "4096->64", "65536->64"]
---*/
#include <new>

#include "aftermath.h"

static size_t alignment = 64;

static void *block_of(size_t n) { return ::operator new(n, std::align_val_t{alignment}); }
static void release(void *p) { ::operator delete(p, std::align_val_t{alignment}); }

PROBE {
    const char *alignments = *probe_variant() != '\0' ? probe_variant() : "64->4096";
    alignment = strtoul(alignments, nullptr, 10);
    size_t wrong = strtoul(strstr(alignments, "->") + 2, nullptr, 10), n = 1000;
    aftermath_begin(n);
    void *p = block_of(n);
    aftermath_victim(p, n, block_of, release);
    STAGE("freeing");
    ::operator delete(p, std::align_val_t{wrong});
    STAGE("later");
    FACT("outcome", aftermath_of_victim());
}
