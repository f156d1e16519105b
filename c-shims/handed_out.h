/* handed_out.h - blocks that the C library allocates, and that the program owns from then on (POSIX). */
#ifndef ALLOCHECK_HANDED_OUT_H
#define ALLOCHECK_HANDED_OUT_H

#include "probe.h"

struct handed_out {
    void *block;
    size_t size; /* bytes in use */
};

/* A block of the function that the variant names; ends the probe (`violated`) if there is none or it does not hold what it
 * should. */
struct handed_out handed_out(void);

#endif
