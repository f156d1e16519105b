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

/* For a block that is about to be released the wrong way: fills it and surrounds it with others of its kind. `allocate` is
 * where it came from, `release` the right way to release it. */
void aftermath_victim(void *block, size_t size, void *(*allocate)(size_t size), void (*release)(void *block));
/* aftermath(), with more blocks of the victim's kind as well; leaked if the victim is not handed out again where one that
 * was released the right way is. */
const char *aftermath_of_victim(void);

#if defined(__cplusplus)
}
#endif

#endif
