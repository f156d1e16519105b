/* python_families.h - blocks of CPython's and NumPy's families, and what becomes of one that another's function releases.
 *
 * For Python rules, which call it through ctypes.PyDLL: with the GIL. The functions are looked up in the process, so that
 * one library does for every version. */
#ifndef ALLOCHECK_PYTHON_FAMILIES_H
#define ALLOCHECK_PYTHON_FAMILIES_H

#include "probe.h"

struct python_family {
    const char *name;
    void *(*allocate)(size_t size); /* NULL: it only releases */
    void (*release)(void *block);   /* NULL: it is not in this process */
    size_t head;                    /* bytes of its own before a block */
    size_t keeps_below;             /* the last few freed blocks of each size below this, for the next who asks */
};

/* Looks the families up; loads the libraries of those that are not part of the interpreter. */
void families_begin(void);
/* Adds NumPy's, from its table PyArray_API. `has_handlers`: data belongs to a handler (NEP 49, since NumPy 1.22). */
void families_of_numpy(void **api, bool has_handlers);
/* Ends the probe (`violated`) if no family has this name. */
struct python_family *python_family(const char *name);

/* The size of every block below. Some release functions want to know it. */
extern size_t families_size;
/* Uses up what malloc has free, so that the blocks below are of memory that never held anything: an allocator leaves a few
 * bytes of it before and behind a block, and some release functions read them. With glibc only. */
void families_settle(void);
/* A block of `from`, released by `to`. Reports stages and, if the process lives to see it, the outcome; ends the probe
 * (`lacking`) where a family is not there. */
void families_mix(const char *from, const char *to);
/* A block of the family, released by it. */
void families_call(const char *name);

#endif
