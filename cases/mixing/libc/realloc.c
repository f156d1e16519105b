/*---
title    = "a block that the C library hands out is resized by realloc"
norm     = "must"
source   = ["POSIX.1-2024 realloc", "POSIX.1-2024 strdup, getdelim, asprintf, fscanf, open_memstream, realpath, alphasort",
            "getcwd(3) NOTES", "glibc manual, Replacing malloc"]
fault    = "realloc-grow-loses-tail"
needs    = ["realloc", "free"]
platforms = ["linux", "macos"]
variants = ["strdup", "strndup", "wcsdup", "getline", "getdelim", "asprintf", "vasprintf", "sscanf", "open_memstream",
            "open_wmemstream", "realpath", "getcwd", "scandir", "scandir entry"]
---*/
#include "handed_out.h"

PROBE {
    for (size_t grown = 64; grown <= MIB(1); grown *= 4) {
        struct handed_out from = handed_out();
        fill(from.block, from.size, 1);
        void *q = realloc(from.block, from.size + grown);
        CHECK(q != NULL, "%s: realloc of %zu bytes to %zu returned NULL", probe_variant(), from.size, from.size + grown);
        size_t at = first_unlike_fill(q, from.size, 1);
        CHECK(at == from.size, "%s: byte %zu changed in realloc from %zu to %zu bytes", probe_variant(), at, from.size,
              from.size + grown);
        free(q);
    }
}
