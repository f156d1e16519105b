/*---
title   = "threads that allocate and free at the same time never get the same memory"
norm    = "must"
source  = ["C17 7.22.3p1 and p2", "POSIX.1-2024 malloc"]
fault   = "threads-unlocked"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

enum { THREADS = 4, BLOCKS = 64, ROUNDS = 25000 };

struct block {
    void *p;
    size_t n;
    unsigned seed;
};

static void check(const struct block *block) {
    /* No figures: where a race strikes differs from run to run. */
    CHECK(first_unlike_fill(block->p, block->n, block->seed) == block->n,
          "a block changed that one thread had allocated and no other was given");
}

static void hammer(void *argument) {
    unsigned thread = *(unsigned *)argument;
    uint32_t random = thread;
    struct block blocks[BLOCKS] = {{NULL, 0, 0}};
    for (unsigned round = 0; round < ROUNDS; round++) {
        random = random * 1664525u + 1013904223u;
        struct block *block = &blocks[random >> 26];
        size_t n = 1 + ((random >> 8) & 255);
        if (block->p != NULL)
            check(block);
        if (block->p != NULL && round % 4 != 0) {
            free(block->p);
            block->p = NULL;
            continue;
        }
        void *p = block->p != NULL ? realloc(block->p, n) : malloc(n);
        CHECK(p != NULL, "malloc or realloc of %zu bytes returned NULL", n);
        *block = (struct block){p, n, round * THREADS + thread};
        fill(p, n, block->seed);
        probe_tick();
    }
    for (size_t i = 0; i < BLOCKS; i++)
        if (blocks[i].p != NULL) {
            check(&blocks[i]);
            free(blocks[i].p);
        }
}

PROBE {
    struct thread thread[THREADS];
    unsigned number[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        number[i] = i;
        thread_start(&thread[i], hammer, &number[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        thread_join(&thread[i]);
}
