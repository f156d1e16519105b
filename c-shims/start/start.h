/* start.h - what the platform tells of itself; runtime_* has it. */
#ifndef ALLOCHECK_START_H
#define ALLOCHECK_START_H

#include "probe.h"

/* The C runtime: `glibc`, `musl`, or on Windows the DLL's name without its extension. */
const char *runtime_name(void);
/* Its version in numbers, `unknown` if it does not say. */
const char *runtime_version(void);
/* The version of Wine, NULL where the system is none. */
const char *wine_version(void);
/* How much memory of its own this process has mapped, KiB; 0 where the system does not count it. */
size_t data_kib(void);
/* Can a process make a copy of itself? */
bool forks(void);

#endif
