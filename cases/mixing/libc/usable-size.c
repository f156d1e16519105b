/*---
title    = "the allocator knows a block that the C library hands out, and its size"
norm     = "must"
source   = ["malloc_usable_size(3)", "POSIX.1-2024 strdup, getdelim, asprintf, fscanf, open_memstream, realpath, alphasort",
            "getcwd(3) NOTES", "glibc manual, Replacing malloc"]
fault    = "usable-size-short"
needs    = ["malloc_usable_size", "free"]
platforms = ["linux"]
---*/
#include "handed_out.h"

PROBE {
    for (const char *const *function = handed_out_functions; *function != NULL; function++) {
        struct handed_out from = handed_out(*function);
        size_t usable = malloc_usable_size(from.block);
        CHECK(usable >= from.size, "%s: malloc_usable_size says %zu of a block with %zu bytes in use", *function, usable,
              from.size);
        free(from.block);
    }
}
