/*---
title     = "malloc, calloc, realloc and free come from one module"
norm      = "must"
source    = ["glibc manual, Replacing malloc: the minimum set of functions"]
fault     = { none = "which functions a library exports is settled when it is linked" }
needs     = []
platforms = ["linux"]
---*/
#define _GNU_SOURCE
#include <dlfcn.h>

#include "probe.h"

/* Not by the family of probe.h, in which a function of the C runtime's is lacking, and the rule would never be asked. */
PROBE {
    need_modules();
    static const char *const names[] = {"calloc", "realloc", "free"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *owner = owner_word(dlsym(RTLD_DEFAULT, names[i]));
        CHECK(strcmp(owner, "own") == 0, "malloc is the allocator's own, %s is not: %s", names[i], owner);
    }
}
