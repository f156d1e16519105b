/*---
title    = "a block that the C library hands out is resized by realloc"
norm     = "must"
source   = ["POSIX.1-2024 realloc", "POSIX.1-2024 strdup, getdelim, asprintf, fscanf, open_memstream, realpath, alphasort",
            "getcwd(3) NOTES", "glibc manual, Replacing malloc"]
fault    = "realloc-grow-loses-tail"
needs    = ["realloc", "free"]
platforms = ["linux", "macos"]
---*/
#include "handed_out.h"

static void check(const char *function, size_t more) {
    struct handed_out from = handed_out(function);
    size_t n = from.size, grown = n + more;
    fill(from.block, n, 1);
    void *q = realloc(from.block, grown);
    CHECK(q != NULL, "%s: realloc of %zu bytes to %zu returned NULL", function, n, grown);
    size_t at = first_unlike_fill(q, n, 1);
    CHECK(at == n, "%s: byte %zu changed in realloc from %zu to %zu bytes", function, at, n, grown);
    free(q);
}

PROBE {
    for (const char *const *function = handed_out_functions; *function != NULL; function++)
        for (size_t more = 64; more <= MIB(1); more *= 4)
            check(*function, more);
}
