/*---
title    = "a block that the C library hands out is released by free"
norm     = "must"
source   = ["POSIX.1-2024 free", "POSIX.1-2024 strdup, getdelim, asprintf, fscanf, open_memstream, realpath, alphasort",
            "getcwd(3) NOTES", "glibc manual, Replacing malloc"]
fault    = "free-leaks"
needs    = ["free"]
platforms = ["linux", "macos"]
variants = ["strdup", "strndup", "wcsdup", "getline", "getdelim", "asprintf", "vasprintf", "sscanf", "open_memstream",
            "open_wmemstream", "realpath", "getcwd", "scandir", "scandir entry"]
---*/
#include "handed_out.h"

enum { ROUNDS = 4096 };

/* A set of addresses: open addressing in a table that is never more than half full. True if it is there already. */
static bool enter(const void *p) {
    static const void *table[4 * ROUNDS];
    size_t at = ((uintptr_t)p >> 4) * 2654435761u % COUNT_OF(table);
    while (table[at] != NULL && table[at] != p)
        at = (at + 1) % COUNT_OF(table);
    bool known = table[at] == p;
    table[at] = p;
    return known;
}

PROBE {
    size_t again = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct handed_out from = handed_out(probe_variant());
        again += enter(from.block);
        free(from.block);
        probe_tick();
    }
    CHECK(again > 0, "%s: none of %d blocks came back after free, each had an address of its own", probe_variant(), ROUNDS);
}
