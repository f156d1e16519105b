/*---
title     = "whose are the functions beyond malloc, calloc, realloc and free?"
norm      = "record"
source    = ["glibc manual, Replacing malloc: what a replacement should provide, and what it should not"]
fault     = { none = "which functions a library exports is settled when it is linked" }
needs     = []
platforms = ["linux"]
---*/
#define _GNU_SOURCE
#include <dlfcn.h>

#include "probe.h"

PROBE {
    need_modules();
    static const char *const names[] = {
        "aligned_alloc", "posix_memalign",     "memalign",     "valloc", "pvalloc", "malloc_usable_size",
        "free_sized",    "free_aligned_sized", "reallocarray", "cfree",  "strdup",  "strndup",
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        FACT(names[i], owner_word(dlsym(RTLD_DEFAULT, names[i])));
}
