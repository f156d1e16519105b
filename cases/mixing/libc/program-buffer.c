/*---
title    = "the C library resizes a buffer that the program took from malloc"
norm     = "must"
source   = ["POSIX.1-2024 getdelim", "glibc manual, Replacing malloc"]
fault    = "realloc-grow-loses-tail"
needs    = ["malloc", "free"]
platforms = ["linux", "macos"]
variants = ["getline", "getdelim"]
---*/
#define _GNU_SOURCE
#include <stdio.h>

#include "probe.h"

/* Longer than stdio's own buffer, so that the line is put together in the program's. */
enum { LONGEST = 1 << 16 };

static ssize_t read_line(char **line, size_t *room, FILE *stream) {
    if (strcmp(probe_variant(), "getdelim") == 0)
        return getdelim(line, room, '|', stream);
    return getline(line, room, stream);
}

static void check(size_t n) {
    static char file[LONGEST + 1];
    memset(file, 'x', n);
    file[n] = strcmp(probe_variant(), "getdelim") == 0 ? '|' : '\n';
    FILE *stream = fmemopen(file, n + 1, "r");
    size_t room = 1;
    char *line = malloc(room);
    ssize_t length = read_line(&line, &room, stream);
    fclose(stream);
    CHECK(length == (ssize_t)n + 1, "%s read %zd of %zu bytes", probe_variant(), length, n + 1);
    size_t at = first_unlike_byte(line, n, 'x');
    CHECK(at == n, "%s: byte %zu of a line of %zu is another", probe_variant(), at, n);
    free(line);
}

PROBE {
    for (size_t n = 1; n <= LONGEST; n = next_size(n))
        check(n);
}
