/*---
title    = "how much of a block's pages is still resident when it has been freed, by its size"
norm     = "record"
source   = ["malloc(3) NOTES", "mallopt(3) M_MMAP_THRESHOLD"]
fault    = "free-keeps-large"
needs    = ["malloc", "free"]
core     = false
platforms = ["linux", "macos", "windows"]
---*/
#include "release.h"

/* Sizes from a page to 64 MiB, a few to each doubling: the picture of `allocheck explain release`. */
enum { STEPS = 4, DOUBLINGS = 14 };

struct answer {
    size_t size;
    struct pages pages;
};

static void ask(void *shared) {
    struct answer *answer = shared;
    warm_heap();
    void *p = malloc(answer->size);
    CHECK(p != NULL, "malloc(%zu) returned NULL", answer->size);
    write_pages(p, answer->size);
    witness_settle();
    free(p);
    answer->pages = witness_pages(p, answer->size);
}

/* A measure's name ends in the size it is of. */
static void report(size_t size, size_t percent) {
    static char name[] = "percent_of_00000000";
    size_t at = sizeof name - 1;
    for (size_t left = size, i = 0; i < 8; i++, left /= 10)
        name[--at] = (char)('0' + left % 10);
    MEASURE(name, percent);
}

PROBE {
    struct answer *answer = system_pages(sizeof *answer);
    witness_begin();
    for (size_t step = 0; step <= STEPS * DOUBLINGS; step++) {
        size_t octave = KIB(4) << step / STEPS;
        answer->size = octave + octave / STEPS * (step % STEPS);
        CHECK(in_child(ask, answer), "the child that freed %zu bytes died", answer->size);
        struct pages pages = believed(answer->pages);
        report(answer->size, 100 * pages.resident / pages.total);
        if (step == STEPS * DOUBLINGS)
            FACT("largest", pages.resident == 0 ? "gone" : "stays");
    }
}
