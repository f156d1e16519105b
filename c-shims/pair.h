/* pair.h - two families in one process: what becomes of a block of the first that a function of the second is given? */
#ifndef ALLOCHECK_PAIR_H
#define ALLOCHECK_PAIR_H

#include "probe.h"

struct pair {
    struct family from, to;
};
extern struct pair pair;

/* Opens ALLOCHECK_FROM and ALLOCHECK_TO. Served, the copy for each partner makes one for each variant, and returns there. */
void pair_open(void);

/* Takes a block of `size` bytes with `allocate`, amid live blocks of both families, has `give` hand it to the other
 * family, and reports the outcome. `give` returns NULL, or the outcome if it has seen it by itself. */
void pair_mix(size_t size, void *(*allocate)(size_t size), const char *(*give)(void *block));

/* Ways to give it: to the other family's free, and to its realloc for twice the size. */
const char *pair_release(void *block);
const char *pair_resize(void *block);

#endif
