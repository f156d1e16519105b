/*---
title   = "where realloc(p, 0) returns a block, the old one is deallocated"
norm    = "must"
source  = ["C17 7.22.3.5p2", "POSIX.1-2024 realloc"]
fault   = "realloc-zero-leaks"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

enum { ROUNDS = 1024, SIZE = 1000 };

static bool returned_block;

static void by_free(void *p) { free(p); }

static void by_realloc(void *p) {
    void *q = realloc(p, 0);
    returned_block = q != NULL;
    free(q);
}

/* Of blocks that are released one by one, does an address come twice? Live ones never share theirs. */
static bool addresses_recur(void (*release)(void *)) {
    static void *seen[ROUNDS];
    bool recur = false;
    for (size_t i = 0; i < ROUNDS && !recur; i++) {
        seen[i] = malloc(SIZE);
        for (size_t j = 0; j < i; j++)
            recur = recur || seen[i] == seen[j];
        release(seen[i]);
    }
    return recur;
}

PROBE {
    if (!addresses_recur(by_free))
        probe_unobservable("free makes no address come twice in %d blocks of %d bytes", ROUNDS, SIZE);
    bool released = addresses_recur(by_realloc);
    /* With a null pointer it is the implementation's choice whether the old block is kept. */
    FACT("old-block", released ? "released" : "kept");
    CHECK(released || !returned_block,
          "realloc(p, 0) returned a block and kept the old one: of %d blocks of %d bytes, no address came twice",
          ROUNDS, SIZE);
}
