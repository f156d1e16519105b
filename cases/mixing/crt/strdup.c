/*---
title     = "a string that one C runtime's _strdup made, released by another one's free"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
---*/
#include "pair.h"

static char *(*duplicate)(const char *);

static void *copy_of_text(size_t size) {
    static char text[64] = "a string of a few words, so that it is a small block";
    return strlen(text) + 1 == size ? duplicate(text) : NULL;
}

PROBE {
    pair_open();
    duplicate = (char *(*)(const char *))family_need(&pair.from, "_strdup");
    pair_mix(53, copy_of_text, pair_release);
}
