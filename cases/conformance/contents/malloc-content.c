/*---
title   = "what does new memory from malloc hold?"
norm    = "record"
source  = ["C17 7.22.3.4p2: the value is indeterminate"]
fault   = "fresh-junk"
needs   = ["malloc", "free"]
aslr    = "off"
variants = ["1000", "1048576"]
---*/
#include "probe.h"

enum { BLOCKS = 16, WRITTEN = 0x5c };

/* zero; old: mostly as written before; pattern: one other byte throughout; mixed. */
static const char *content(const unsigned char *p, size_t n) {
    size_t written = 0;
    for (size_t i = 0; i < n; i++)
        written += p[i] == WRITTEN;
    if (written > n / 2)
        return "old";
    /* The first bytes may hold an allocator's links whatever the rest is. */
    if (first_unlike_byte(p + 64, n - 64, p[64]) != n - 64)
        return "mixed";
    return p[64] == 0 ? "zero" : "pattern";
}

static const char *content_of_blocks(size_t n) {
    unsigned char *block[BLOCKS];
    const char *word = NULL;
    for (int i = 0; i < BLOCKS; i++) {
        block[i] = malloc(n);
        CHECK(block[i] != NULL, "malloc(%zu) returned NULL", n);
        const char *this_word = content(block[i], n);
        word = word == NULL || strcmp(word, this_word) == 0 ? this_word : "mixed";
    }
    for (int i = 0; i < BLOCKS; i++)
        memset(block[i], WRITTEN, n);
    for (int i = BLOCKS; i-- > 0;)
        free(block[i]);
    return word;
}

PROBE {
    size_t n = probe_variant_number(1000);
    FACT("new", content_of_blocks(n));
    FACT("reused", content_of_blocks(n));
}
