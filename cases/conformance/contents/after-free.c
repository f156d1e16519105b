/*---
title   = "what does memory hold after free?"
norm    = "record"
source  = ["C17 6.2.4p2 and 7.22.3p1: its lifetime has ended"]
fault   = "freed-junk"
needs   = ["malloc", "free"]
platforms = ["linux", "macos"]
---*/
#include "probe.h"

enum { WRITTEN = 0x5c };

struct question {
    size_t n;
    const char *word;
};

/* In a child, because a block that is gone cannot be read: reading it is the question. */
static void look(void *shared) {
    struct question *question = shared;
    size_t n = question->n;
    unsigned char *p = malloc(n), *last = malloc(n); /* so that p does not lie at the end of the heap */
    CHECK(p != NULL && last != NULL, "malloc(%zu) returned NULL", n);
    memset(p, WRITTEN, n);
    free(p);
    const volatile unsigned char *freed = opaque(p);
    size_t written = 0, same = 0;
    for (size_t i = 64; i < n; i++) { /* the first bytes may hold an allocator's links */
        written += freed[i] == WRITTEN;
        same += freed[i] == freed[64];
    }
    question->word = written > n / 2 ? "old" : same < n - 64 ? "mixed" : freed[64] == 0 ? "zero" : "pattern";
}

static const char *after_free(size_t n) {
    struct question *question = system_pages(sizeof *question);
    question->n = n;
    return in_child(look, question) ? question->word : "unreadable";
}

PROBE {
    FACT("small", after_free(1000));
    FACT("large", after_free(MIB(1)));
}
