/*---
title     = "does malloc work before any constructor has run, the allocator's included?"
norm      = "record"
source    = ["System V ABI, Dynamic Linking, Initialization and Termination Functions: DT_PREINIT_ARRAY",
             "glibc manual, Replacing malloc"]
fault     = "realloc-grow-loses-tail"
needs     = ["realloc", "free"]
platforms = ["linux"]
---*/
#include "probe.h"

enum { BLOCKS = 64 };

static void *early[BLOCKS];
static bool calloc_zeroed = true;

static size_t size_of(size_t i) { return 1 + 50 * i; }

/* The parentheses keep the macros out: nothing is bound yet. */
static void preinit(void) {
    for (size_t i = 0; i < BLOCKS; i++) {
        early[i] = (calloc)(1, size_of(i));
        calloc_zeroed = calloc_zeroed && first_nonzero(early[i], size_of(i)) == size_of(i);
        early[i] = (realloc)(early[i], 2 * size_of(i));
        fill(early[i], 2 * size_of(i), (unsigned)i);
        (free)(opaque((malloc)(size_of(i))));
    }
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit_entry)(void) = preinit;

PROBE {
    const char *contents = "kept";
    for (size_t i = 0; i < BLOCKS; i++) {
        void *grown = realloc(early[i], 4 * size_of(i));
        if (first_unlike_fill(grown, 2 * size_of(i), (unsigned)i) != 2 * size_of(i))
            contents = "lost";
        free(grown);
    }
    FACT("calloc", calloc_zeroed ? "zero" : "dirty");
    FACT("contents", contents);
}
