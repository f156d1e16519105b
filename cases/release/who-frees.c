/*---
title    = "what becomes of the pages that another thread frees, that a thread frees before it ends, that a child frees"
norm     = "record"
source   = ["C17 7.22.3p2", "POSIX.1-2024 fork", "malloc(3) NOTES"]
fault    = "free-keeps-large"
needs    = ["malloc", "free"]
core     = false
platforms = ["linux", "macos"]
variants = ["another-thread", "ending-thread", "child"]
---*/
#include "release.h"

enum { SMALL = 20000 };

struct freed {
    void *large;
    void *small[SMALL];
};
static struct freed freed;

static void have(void) {
    freed.large = malloc(MIB(32));
    CHECK(freed.large != NULL, "malloc(%zu) returned NULL", MIB(32));
    write_pages(freed.large, MIB(32));
    have_blocks(freed.small, SMALL, 1000);
}

static void give_back(void *ignored) {
    (void)ignored;
    free(freed.large);
    free_blocks(freed.small, SMALL);
}

static void have_and_give_back(void *ignored) {
    have();
    give_back(ignored);
}

static void look(void) {
    FACT("large", fate_word(believed(witness_pages(freed.large, MIB(32)))));
    FACT("small", share_resident(freed.small, SMALL, 1000));
}

static void give_back_and_look(void *ignored) {
    give_back(ignored);
    look();
}

PROBE {
    struct thread thread;
    witness_begin();
    warm_heap();
    if (strcmp(probe_variant(), "ending-thread") == 0) {
        thread_start(&thread, have_and_give_back, NULL);
        thread_join(&thread);
        look();
        return;
    }
    have();
    if (strcmp(probe_variant(), "child") == 0) {
        CHECK(in_child(give_back_and_look, NULL), "the child that freed its copy of the blocks died");
        return;
    }
    thread_start(&thread, give_back, NULL);
    thread_join(&thread);
    look();
}
