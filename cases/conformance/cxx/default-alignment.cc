/*---
title   = "what alignment operator new gives blocks, be they too small for it or no multiple of it"
norm    = "record"
source  = ["C++17 [cpp.predefined]p1 __STDCPP_DEFAULT_NEW_ALIGNMENT__", "C++17 [new.delete.single]p1"]
fault   = "malloc-misaligned"
needs   = []
---*/
#include <new>

#include "probe.h"

enum { LIVE = 128, ROUNDS = 4 };

/* The greatest power of two, up to 16, of which all blocks of `from` to `to` bytes are multiples. A larger block of another
   size before each round: blocks of one class often lie in groups, whose beginning decides for all of a group. */
static const char *common_alignment(size_t from, size_t to) {
    static const char *const words[] = {"1", "2", "4", "8", "16"};
    size_t common = COUNT_OF(words) - 1;
    for (size_t n = from; n <= to; n++) {
        void *larger[ROUNDS], *blocks[ROUNDS][LIVE];
        for (size_t round = 0; round < ROUNDS; round++) {
            larger[round] = ::operator new(20000 + 8 * round);
            for (void *&block : blocks[round]) {
                block = ::operator new(n);
                while (!is_aligned(block, (size_t)1 << common))
                    common--;
            }
        }
        for (size_t round = 0; round < ROUNDS; round++) {
            for (void *block : blocks[round])
                ::operator delete(block);
            ::operator delete(larger[round]);
        }
    }
    return words[common];
}

/* Compilers rely on the macro for every size; the text asks for what an object of that size needs. */
PROBE {
    FACT("from-1-to-7", common_alignment(1, 7));
    FACT("of-8", common_alignment(8, 8));
    FACT("from-9-to-15", common_alignment(9, 15));
    FACT("from-16-to-256", common_alignment(16, 256));
}
