/* aftermath.h - is a heap still sound after a call that the standard leaves undefined? */
#ifndef ALLOCHECK_AFTERMATH_H
#define ALLOCHECK_AFTERMATH_H

#include "probe.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* Surrounds what comes next with live blocks of `size` bytes. */
void aftermath_begin(size_t size);
/* Takes more such blocks, looks at all of them and frees them: corrupted if a live one overlaps another or has changed,
 * else silent. */
const char *aftermath(void);

/* Fills the block that is about to be released the wrong way. */
void aftermath_victim(void *block, size_t size);
/* The same as aftermath(), with as many blocks again from `allocate`, where the victim came from; leaked if the victim is
 * neither unmapped nor changed nor handed out again. */
const char *aftermath_of_victim(void *(*allocate)(size_t size));

#if defined(__cplusplus)
}
#endif

#endif
