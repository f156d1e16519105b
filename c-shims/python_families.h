/* python_families.h - a block of one of CPython's or NumPy's families, released by another's function.
 *
 * For Python rules, which call it through ctypes.PyDLL: with the GIL. The functions are looked up in the process, so that
 * one library does for every version. */
#ifndef ALLOCHECK_PYTHON_FAMILIES_H
#define ALLOCHECK_PYTHON_FAMILIES_H

#include "probe.h"

/* Looks the families up; loads the libraries of those that are not part of the interpreter. */
void families_begin(void);
/* Adds NumPy's, from its table PyArray_API. `has_handlers`: data belongs to a handler (NEP 49: NumPy 1.22). */
void families_of_numpy(void **api, bool has_handlers);

/* One allocates, the other releases. Reports how far it came; the outcome, if there is one, as the process exits, for the
 * interpreter's own end may still die of what was done. Ends the probe (`lacking`) where a family is not there. */
void families_mix(const char *from, const char *to, size_t size);
/* Allocates and releases by one family, without a fault of anybody's. */
void families_call(const char *name, size_t size);

#endif
