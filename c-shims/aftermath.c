/* What is wrong with a heap shows as an overlap, as a changed neighbour, or as a death in a later call. */
#include "aftermath.h"

enum { BEFORE = 16, AFTER_AT_LEAST = 64, AFTER_AT_MOST = 8000 };

static void *blocks[BEFORE + AFTER_AT_MOST];
static size_t block_size, filled, taken;

static void take(size_t count) {
    for (; count > 0; count--, taken++) {
        blocks[taken] = malloc(block_size);
        if (blocks[taken] == NULL)
            probe_unobservable("malloc(%zu) returned NULL", block_size);
        fill(blocks[taken], filled, (unsigned)taken);
    }
}

void aftermath_begin(size_t size) {
    block_size = size;
    filled = size < KIB(4) ? size : KIB(4); /* of a large block the beginning says enough */
    take(BEFORE);
}

/* Each was filled with bytes of its own, so blocks that overlap cannot both be as they were filled. */
const char *aftermath(void) {
    /* So many that a free list is used up: what is wrong with it shows when it is. */
    size_t after = KIB(128) / block_size;
    take(after < AFTER_AT_LEAST ? AFTER_AT_LEAST : after < AFTER_AT_MOST ? after : AFTER_AT_MOST);
    for (size_t i = 0; i < taken; i++)
        if (first_unlike_fill(blocks[i], filled, (unsigned)i) != filled)
            return "corrupted";
    for (size_t i = 0; i < taken; i++)
        free(blocks[i]);
    return "silent";
}
