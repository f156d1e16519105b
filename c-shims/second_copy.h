/* second_copy.h - the module that answers malloc, loaded once more beside itself (glibc). */
#ifndef ALLOCHECK_SECOND_COPY_H
#define ALLOCHECK_SECOND_COPY_H

#include "probe.h"

/* A dlopen handle of another copy of the module of `under_test`, loaded in one of these ways:
 *   namespace  by dlmopen, with a C runtime of its own
 *   local      from a copy of the file, RTLD_LOCAL
 *   deepbind   the same, and calls of its own functions stay in it (RTLD_DEEPBIND)
 * NULL if the system refuses, reported as the fact `opened`. The C runtime itself has `namespace` only; ends the probe
 * (`lacking`) for the others. */
void *second_copy(const char *how);

#endif
