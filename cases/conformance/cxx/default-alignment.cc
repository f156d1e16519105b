/*---
title   = "what alignment operator new gives blocks, be they too small for it or no multiple of it"
norm    = "record"
source  = ["C++17 [cpp.predefined]p1 __STDCPP_DEFAULT_NEW_ALIGNMENT__", "C++17 [new.delete.single]p1"]
fault   = "malloc-misaligned"
needs   = []
---*/
#include <new>

#include "common_alignment.h"

static void *allocate(size_t size) { return ::operator new(size); }
static void release(void *block) { ::operator delete(block); }
static const char *from_to(size_t from, size_t to) { return common_alignment(from, to, allocate, release); }

/* Compilers rely on the macro for every size; the text asks for what an object of that size needs. */
PROBE {
    FACT("from-1-to-7", from_to(1, 7));
    FACT("of-8", from_to(8, 8));
    FACT("from-9-to-15", from_to(9, 15));
    FACT("from-16-to-256", from_to(16, 256));
}
