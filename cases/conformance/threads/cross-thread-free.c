/*---
title   = "free in another thread than the one that allocated leaves every other block alone"
norm    = "must"
source  = ["C17 7.22.3p1 and p2", "POSIX.1-2024 free"]
fault   = "threads-unlocked"
needs   = ["malloc", "free"]
---*/
#include "probe.h"

enum { THREADS = 4, BLOCKS = 400, ROUNDS = 12 };

static void *block[THREADS][BLOCKS];

static size_t size_of(unsigned i) { return 1 + i * 37 % 500; }

static void check(unsigned owner, unsigned i) {
    /* No figures: where a race strikes differs from run to run. */
    CHECK(first_unlike_fill(block[owner][i], size_of(i), owner * BLOCKS + i) == size_of(i),
          "a live block changed while threads freed one another's blocks");
}

static void allocate(unsigned owner, unsigned i) {
    block[owner][i] = malloc(size_of(i));
    CHECK(block[owner][i] != NULL, "malloc(%zu) returned NULL", size_of(i));
    fill(block[owner][i], size_of(i), owner * BLOCKS + i);
}

/* Every other block of the neighbour's goes, and a new one comes: the memory of one thread ends up in another. */
static void take_over(void *argument) {
    unsigned owner = *(unsigned *)argument;
    for (unsigned i = 0; i < BLOCKS; i += 2) {
        check(owner, i);
        free(block[owner][i]);
        allocate(owner, i);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        check(owner, i);
    probe_tick();
}

PROBE {
    for (unsigned owner = 0; owner < THREADS; owner++)
        for (unsigned i = 0; i < BLOCKS; i++)
            allocate(owner, i);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct thread thread[THREADS];
        unsigned number[THREADS];
        for (unsigned i = 0; i < THREADS; i++) {
            number[i] = i;
            thread_start(&thread[i], take_over, &number[i]);
        }
        for (unsigned i = 0; i < THREADS; i++)
            thread_join(&thread[i]);
    }
}
