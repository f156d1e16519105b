/*---
title    = "the allocator knows a block that the C library hands out, and its size"
norm     = "must"
source   = ["malloc_usable_size(3)", "POSIX.1-2024 strdup, getdelim, asprintf, fscanf, open_memstream, realpath, alphasort", "getcwd(3) NOTES",
            "glibc manual, Replacing malloc"]
fault    = "usable-size-short"
needs    = ["malloc_usable_size", "free"]
platforms = ["linux"]
variants = ["strdup", "strndup", "wcsdup", "getline", "getdelim", "asprintf", "vasprintf", "sscanf", "open_memstream",
            "open_wmemstream", "realpath", "getcwd", "scandir", "scandir entry"]
---*/
#include "handed_out.h"

PROBE {
    struct handed_out from = handed_out();
    size_t usable = malloc_usable_size(from.block);
    CHECK(usable >= from.size, "%s: malloc_usable_size says %zu of a block with %zu bytes in use", probe_variant(), usable, from.size);
    free(from.block);
}
