/* aftermath.h - is a heap still sound after a call that the standard leaves undefined? */
#ifndef ALLOCHECK_AFTERMATH_H
#define ALLOCHECK_AFTERMATH_H

#include "probe.h"

/* Surrounds what comes next with live blocks of `size` bytes. */
void aftermath_begin(size_t size);
/* Takes more such blocks, looks at all of them and frees them: corrupted if a live one overlaps another or has changed,
 * else silent. */
const char *aftermath(void);

#endif
