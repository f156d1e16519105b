/* malloc/malloc.h - stands in for the header of macOS, so that the rules about its zones compile on Linux and can be shown
 * to fail. It declares what those rules call and no more: see zones.c. */
#ifndef ALLOCHECK_TEST_MALLOC_H
#define ALLOCHECK_TEST_MALLOC_H

#include <stddef.h>

typedef struct zone malloc_zone_t;

/* Weak, so that a rule links without them: the library is preloaded. */
#define FUNCTION __attribute__((weak)) extern
FUNCTION malloc_zone_t *malloc_default_zone(void);
FUNCTION malloc_zone_t *malloc_create_zone(size_t start_size, unsigned flags);
FUNCTION void malloc_destroy_zone(malloc_zone_t *zone);
FUNCTION void *malloc_zone_malloc(malloc_zone_t *zone, size_t size);
FUNCTION void *malloc_zone_calloc(malloc_zone_t *zone, size_t count, size_t size);
FUNCTION void *malloc_zone_valloc(malloc_zone_t *zone, size_t size);
FUNCTION void *malloc_zone_realloc(malloc_zone_t *zone, void *p, size_t size);
FUNCTION void *malloc_zone_memalign(malloc_zone_t *zone, size_t alignment, size_t size);
FUNCTION void malloc_zone_free(malloc_zone_t *zone, void *p);
FUNCTION malloc_zone_t *malloc_zone_from_ptr(const void *p);
FUNCTION size_t malloc_zone_pressure_relief(malloc_zone_t *zone, size_t goal);
FUNCTION size_t malloc_size(const void *p);
FUNCTION size_t malloc_good_size(size_t size);
#undef FUNCTION

#endif
