/* A small allocator that keeps its promises: an arena that is handed out from front to back, and never reused. It has no
 * valloc, pvalloc, reallocarray. MISALIGNED: every block is 8 bytes off. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__APPLE__)
#include <malloc/malloc.h>
#include <stdlib.h>

/* macOS binds a program's calls to libSystem's, whoever else exports the names: see the end. */
#define malloc bump_malloc
#define calloc bump_calloc
#define realloc bump_realloc
#define free bump_free
#define aligned_alloc bump_aligned_alloc
#define posix_memalign bump_posix_memalign
#endif

#if defined(MISALIGNED)
enum { OFFSET = 8 };
#else
enum { OFFSET = 0 };
#endif

#if defined(DEPENDS)
char *arena_of(size_t size); /* of pages.c, in a library of its own */
#else
static char *arena_of(size_t size) {
    static char arena[64 << 20];
    return size <= sizeof arena ? arena : NULL;
}
#endif

enum { ARENA = 64 << 20, HEADER = 16 };

static void *take(size_t alignment, size_t size) {
    static size_t used;
    size_t room = size + alignment + 2 * HEADER;
    if (size > ARENA / 2 || alignment > ARENA / 4) {
        errno = ENOMEM;
        return NULL;
    }
    room = (room + HEADER - 1) / HEADER * HEADER;
    size_t at = __atomic_fetch_add(&used, room, __ATOMIC_SEQ_CST);
    if (at > ARENA - room) {
        errno = ENOMEM;
        return NULL;
    }
    uintptr_t block = (uintptr_t)arena_of(ARENA) + at + HEADER;
    block = (block + alignment - 1) / alignment * alignment + OFFSET;
    memcpy((char *)block - sizeof size, &size, sizeof size);
    return (void *)block;
}

size_t malloc_usable_size(void *p) {
    size_t size = 0;
#if defined(__APPLE__)
    size = malloc_size(p); /* of a zone: the system's libraries take blocks from those, too */
#endif
    if (p != NULL && size == 0)
        memcpy(&size, (char *)p - sizeof size, sizeof size);
    return size;
}

void *malloc(size_t size) { return take(16, size); }
void free(void *p) { (void)p; }
void *memalign(size_t alignment, size_t size) { return take(alignment < 16 ? 16 : alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

/* The arena's memory is fresh, so that it is zero. */
void *calloc(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return take(16, count * size);
}

void *realloc(void *p, size_t size) {
    size_t before = malloc_usable_size(p);
    void *block = take(16, size);
    if (block != NULL && p != NULL)
        memcpy(block, p, before < size ? before : size);
    return block;
}

int posix_memalign(void **p, size_t alignment, size_t size) {
    int kept = errno;
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *block = memalign(alignment, size);
    errno = kept;
    if (block == NULL)
        return ENOMEM;
    *p = block;
    return 0;
}

#if defined(__APPLE__)
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef aligned_alloc
#undef posix_memalign
typedef void function(void);
#define INSTEAD(name) {(function *)bump_##name, (function *)name}
__attribute__((used, section("__DATA,__interpose"))) static const struct {
    function *replacement, *replaced;
} interposed[] = {INSTEAD(malloc), INSTEAD(calloc),        INSTEAD(realloc),
                  INSTEAD(free),   INSTEAD(aligned_alloc), INSTEAD(posix_memalign)};
#endif
