/* release.h - does memory that is given back to the allocator go back to the system? */
#ifndef ALLOCHECK_RELEASE_H
#define ALLOCHECK_RELEASE_H

#include "probe.h"

/* Writes a byte to every page that holds a part of the block. */
void write_pages(void *p, size_t n);
/* These pages; ends the probe (`unobservable`) if the fate of one cannot be told. */
struct pages believed(struct pages pages);

/* Fills the array with blocks whose every page is written. */
void have_blocks(void **blocks, size_t count, size_t size);
/* In the order they were had. */
void free_blocks(void **blocks, size_t count);

/* How much of the pages that these blocks are or were on is resident: most (from 40 %), some, none (below 5 %). Coarse,
 * because an allocator that purges by the clock keeps 60 to 100 % as the machine is busy or not. Sorts the blocks. */
const char *share_resident(void **blocks, size_t count, size_t size);

/* ---- The smallest block all of whose pages go when it is released -------------------------------------------- */

/* Sizes from 1 B up to here are searched. */
#define THRESHOLD_LIMIT MIB(64)

/* How a block is had and given back: malloc and free, or any pair of one family. */
struct form {
    void *(*allocate)(size_t n);
    void (*release)(void *p);
};

struct threshold {
    const char *exception; /* NULL, or why there is no such size: none, all-but-tail, not-monotone */
    size_t bytes;          /* the smallest size; 0 with an exception */
    const char *fate;      /* of its pages; with an exception, of the largest block's pages that went, if any did */
};

/* Every size is asked of a copy of this process, in the heap that `prepare` makes there. Call witness_begin() first,
 * and nothing of the family. */
struct threshold threshold_find(struct form form, void (*prepare)(void));
/* Finds it and asks on both sides whether every smaller block stays and every larger one goes. */
struct threshold threshold_find_and_check(struct form form, void (*prepare)(void));

#endif
