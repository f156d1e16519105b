/* common_alignment.h - the alignment that blocks of some sizes have in common, for functions of C and of C++ alike. */
#ifndef ALLOCHECK_COMMON_ALIGNMENT_H
#define ALLOCHECK_COMMON_ALIGNMENT_H

#include "probe.h"

/* The greatest power of two, up to 16, of which all blocks of `from` to `to` bytes are multiples. A larger block of another
 * size before each round: blocks of one class often lie in groups, whose beginning decides for all of a group. */
static const char *common_alignment(size_t from, size_t to, void *(*allocate)(size_t), void (*release)(void *)) {
    enum { LIVE = 128, ROUNDS = 4 };
    static const char *const words[] = {"1", "2", "4", "8", "16"};
    size_t common = COUNT_OF(words) - 1;
    for (size_t n = from; n <= to; n++) {
        void *larger[ROUNDS], *blocks[ROUNDS][LIVE];
        for (size_t round = 0; round < ROUNDS; round++) {
            larger[round] = allocate(20000 + 8 * round);
            for (size_t i = 0; i < LIVE; i++) {
                blocks[round][i] = allocate(n);
                while (!is_aligned(blocks[round][i], (size_t)1 << common))
                    common--;
            }
        }
        for (size_t round = 0; round < ROUNDS; round++) {
            for (size_t i = 0; i < LIVE; i++)
                release(blocks[round][i]);
            release(larger[round]);
        }
    }
    return words[common];
}

#endif
