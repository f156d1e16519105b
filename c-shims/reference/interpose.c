/* The reference allocator on macOS. A program's calls of malloc are bound to libSystem's there, whoever else exports one;
 * what a library that is inserted lists here takes the place of what it names. Compiled and linked; never run by us. */
#if defined(__APPLE__)
#include <malloc/malloc.h>
#include <stdlib.h>

void *reference_malloc(size_t size);
void *reference_calloc(size_t count, size_t size);
void *reference_realloc(void *p, size_t size);
void reference_free(void *p);
void *reference_aligned_alloc(size_t alignment, size_t size);
int reference_posix_memalign(void **p, size_t alignment, size_t size);
void *reference_valloc(size_t size);

/* The system's libraries also take blocks from zones, and give them to free. In this library the names are libSystem's. */
static void free_in_zone(void *p) {
    malloc_zone_t *zone = p != NULL ? malloc_zone_from_ptr(p) : NULL;
    if (zone != NULL)
        malloc_zone_free(zone, p);
    else
        reference_free(p);
}

static void *realloc_in_zone(void *p, size_t size) {
    malloc_zone_t *zone = p != NULL ? malloc_zone_from_ptr(p) : NULL;
    return zone != NULL ? malloc_zone_realloc(zone, p, size) : reference_realloc(p, size);
}

typedef void function(void);
#define INSTEAD(replacement, replaced) {(function *)(replacement), (function *)(replaced)}
__attribute__((used, section("__DATA,__interpose"))) static const struct {
    function *replacement, *replaced;
} interposed[] = {
    INSTEAD(reference_malloc, malloc),
    INSTEAD(reference_calloc, calloc),
    INSTEAD(realloc_in_zone, realloc),
    INSTEAD(free_in_zone, free),
    INSTEAD(reference_aligned_alloc, aligned_alloc),
    INSTEAD(reference_posix_memalign, posix_memalign),
    INSTEAD(reference_valloc, valloc),
};
#endif
