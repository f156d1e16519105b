/* handed_out.h - blocks that the C library allocates, and that the program owns from then on (POSIX). */
#ifndef ALLOCHECK_HANDED_OUT_H
#define ALLOCHECK_HANDED_OUT_H

#include "probe.h"

struct handed_out {
    void *block;
    size_t size; /* bytes in use */
};

/* The names of the functions; NULL at the end. */
extern const char *const handed_out_functions[];
/* A block of the function of this name; ends the probe (`violated`) if there is none or it does not hold what it should. */
struct handed_out handed_out(const char *function);

#endif
