/* The public functions, and the mutex under which all else runs. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "reference.h"

#include "faults.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The mutex, and the caller's errno ------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock(void) { pthread_mutex_lock(&mutex); }
static void unlock(void) { pthread_mutex_unlock(&mutex); }

/* The child of a process with threads finds the books in order and the mutex free. */
__attribute__((constructor)) static void guard_fork(void) { pthread_atfork(lock, unlock, unlock); }

/* errno is the caller's: system calls in between may change it, leave() puts it back. */
static int enter(void) {
    if (!fault(THREADS_UNLOCKED))
        lock();
    return errno;
}

static void leave(int kept_errno) {
    if (!fault(THREADS_UNLOCKED))
        unlock();
    errno = kept_errno;
}

_Noreturn void die(const char *const texts[]) {
    char line[256];
    size_t length = 0;
    for (; *texts != NULL; texts++)
        for (const char *at = *texts; *at != '\0' && length < sizeof line - 1; at++)
            line[length++] = *at;
    line[length++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, length);
    (void)ignored;
    abort();
}

/* ---- What the public functions have in common ------------------------------------------------------------------ */

static _Noreturn void reject(const char *function, enum found why) {
    static const char *const words[] = {
        [FOREIGN] = "pointer is not from this allocator",
        [INTERIOR] = "pointer is not the start of a block",
        [DEAD] = "block is already free",
    };
    leave(errno); /* a handler of SIGABRT may allocate */
    die((const char *[]){"reference: ", function, "(): ", words[why], NULL});
}

/* The block that starts at `p`. */
static struct block block_at(char *p, const char *function) {
    struct block block;
    enum found found = block_find(p, &block);
    if (found != FOUND)
        reject(function, found);
    return block;
}

static void *new_block(size_t size, size_t alignment, bool *zero) {
    int kept_errno = enter();
    void *p = block_allocate(size, alignment, zero);
    leave(kept_errno);
    return p;
}

static void *aligned_block(size_t alignment, size_t size) {
    bool zero;
    if (fault(ALIGNED_SIZE_WRAPS))
        size = round_up(size, alignment);
    return new_block(size, alignment, &zero);
}

static void free_block(void *p, const char *function) {
    if (fault(FREE_NULL_TRAPS) && p == NULL)
        __builtin_trap();
    if (fault(FREE_NULL_CLOBBERS_ERRNO) && p == NULL)
        errno = EINVAL;
    if (p == NULL)
        return;
    struct block block = {.start = p};
    int kept_errno = enter();
    enum found found = block_find(p, &block);
    if (found == FOUND)
        block_release(block);
    else if (!(fault(FOREIGN_FREE_SILENT) && found == FOREIGN) && !(fault(DOUBLE_FREE_SILENT) && found == DEAD) &&
             !(fault(INTERIOR_FREE_SILENT) && found == INTERIOR))
        reject(function, found);
    if (fault(FREE_CLOBBERS_ERRNO) || (fault(FREE_LARGE_CLOBBERS_ERRNO) && block.slab == NULL))
        kept_errno = EINVAL;
    leave(kept_errno);
}

static void *resized_block(void *p, size_t size, const char *function) {
    bool zero;
    if (p == NULL)
        return fault(REALLOC_NULL_FAILS) ? NULL : new_block(size, MIN_ALIGNMENT, &zero);
    if ((fault(REALLOC_ZERO_NULL) || fault(MALLOC_ZERO_NULL)) && size == 0) {
        free_block(p, function);
        return NULL;
    }
    int kept_errno = enter();
    struct block block = block_at(p, function);
    void *resized = block_resize(block, size);
    if (fault(REALLOC_FAILURE_CORRUPTS) && resized == NULL)
        spoil(p, block.capacity);
    leave(kept_errno);
    return resized;
}

static void *or_enomem(void *p) {
    if (p == NULL)
        errno = ENOMEM;
    return p;
}

static void *aligned_or_enomem(size_t alignment, size_t size) {
    void *p = aligned_block(alignment, size);
    if (fault(ALIGNED_ALLOC_ERRNO_MISSING))
        return p;
    return or_enomem(p);
}

static void *fail(int error) {
    errno = error;
    return NULL;
}

static bool is_power_of_two(size_t n) { return n != 0 && (n & (n - 1)) == 0; }

/* 0 if there is none. */
static size_t next_power_of_two(size_t n) {
    size_t power = 1;
    while (power != 0 && power < n)
        power *= 2;
    return power;
}

static size_t at_least_min(size_t alignment) { return alignment > MIN_ALIGNMENT ? alignment : MIN_ALIGNMENT; }

/* False if it is no size_t. */
static bool product(size_t count, size_t size, size_t *total) {
    if (fault(CALLOC_ZERO_TRAPS) && (count == 0 || size == 0))
        __builtin_trap();
    return !__builtin_mul_overflow(count, size, total);
}

/* ---- ISO C ----------------------------------------------------------------------------------------------------- */

static size_t malloc_alignment(size_t size) {
    if (fault(MALLOC_MISALIGNED) || (fault(MALLOC_LARGE_MISALIGNED) && size > SMALL_MAX))
        return MIN_ALIGNMENT / 2;
    if ((fault(MALLOC_ZERO_MISALIGNED) && size == 0) || (fault(MALLOC_SMALL_MISALIGNED) && size < MIN_ALIGNMENT))
        return 1;
    return MIN_ALIGNMENT;
}

EXPORT void *malloc(size_t size) {
    bool zero;
    if (fault(MALLOC_HEADER_WRAPS) && size > SIZE_MAX - MIN_ALIGNMENT)
        size += MIN_ALIGNMENT;
    if (fault(MALLOC_HUGE_SUCCEEDS) && size > PTRDIFF_MAX)
        size = 1;
    void *p = new_block(size, malloc_alignment(size), &zero);
    if (fault(FRESH_JUNK) && p != NULL)
        memset(p, 0xa5, size);
    if (fault(MALLOC_SUCCESS_SETS_ERRNO) && p != NULL)
        errno = EINVAL;
    if (fault(MALLOC_ERRNO_MISSING))
        return p;
    return or_enomem(p);
}

EXPORT void *calloc(size_t count, size_t size) {
    size_t total;
    bool zero;
    char *p = NULL;
    if (product(count, size, &total) || fault(CALLOC_OVERFLOW_WRAPS))
        p = new_block(total, fault(CALLOC_MISALIGNED) ? MIN_ALIGNMENT / 2 : MIN_ALIGNMENT, &zero);
    if (p == NULL)
        return fault(CALLOC_ERRNO_MISSING) ? NULL : fail(ENOMEM);
    if (!zero && !fault(CALLOC_DIRTY_ON_REUSE))
        memset(p, 0, total);
    if (fault(CALLOC_DIRTY))
        memset(p, 0xa5, total);
    if (fault(CALLOC_DIRTY_TAIL))
        memset(p + total / 8 * 8, 0xa5, total % 8);
    return p;
}

EXPORT void *realloc(void *p, size_t size) {
    if (fault(REALLOC_HEADER_WRAPS) && size > SIZE_MAX - MIN_ALIGNMENT)
        size += MIN_ALIGNMENT;
    if (fault(REALLOC_HUGE_SUCCEEDS) && size > PTRDIFF_MAX)
        size = 1;
    void *resized = resized_block(p, size, "realloc");
    if (fault(REALLOC_FAILURE_FREES) && resized == NULL && p != NULL && size != 0)
        free_block(p, "realloc");
    if (fault(REALLOC_SUCCESS_SETS_ERRNO) && resized != NULL)
        errno = EINVAL;
    if (fault(REALLOC_ERRNO_MISSING))
        return resized;
    return or_enomem(resized);
}

EXPORT void free(void *p) { free_block(p, "free"); }

EXPORT void free_sized(void *p, size_t size) {
    (void)size;
    if (fault(FREE_SIZED_LEAKS) && p != NULL)
        return;
    free_block(p, "free_sized");
}

EXPORT void free_aligned_sized(void *p, size_t alignment, size_t size) {
    (void)alignment, (void)size;
    if (fault(FREE_ALIGNED_SIZED_LEAKS) && p != NULL)
        return;
    free_block(p, "free_aligned_sized");
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    if (!is_power_of_two(alignment)) {
        if (!fault(ALIGNED_ALLOC_ACCEPTS_INVALID))
            return fail(EINVAL);
        alignment = next_power_of_two(alignment);
    }
    if (fault(ALIGNED_ALLOC_REJECTS_SMALL) && alignment < MIN_ALIGNMENT)
        return fail(EINVAL);
    if (fault(ALIGNED_ALLOC_REJECTS_ODD_SIZE) && size % alignment != 0)
        return fail(EINVAL);
    alignment = at_least_min(alignment);
    if (fault(ALIGNED_ALLOC_MISALIGNED) || fault(ALIGNED_NEW_MISALIGNED) ||
        (fault(ALIGNED_ALLOC_MISALIGNED_BEYOND_PAGE) && alignment > page_size()))
        alignment /= 2;
    return aligned_or_enomem(alignment, size);
}

/* ---- POSIX ----------------------------------------------------------------------------------------------------- */

static int posix_memalign_error(void **memptr, int error) {
    if (fault(POSIX_MEMALIGN_CLOBBERS_POINTER))
        *memptr = memptr;
    if (fault(POSIX_MEMALIGN_SETS_ERRNO))
        errno = error;
    if (fault(POSIX_MEMALIGN_EINVAL_FOR_MEMORY))
        return EINVAL;
    if (fault(POSIX_MEMALIGN_RETURNS_MINUS_ONE))
        return -1;
    return error;
}

EXPORT int posix_memalign(void **memptr, size_t alignment, size_t size) {
    bool valid = is_power_of_two(alignment) && alignment >= sizeof(void *);
    if (!valid && !fault(POSIX_MEMALIGN_ACCEPTS_INVALID))
        return posix_memalign_error(memptr, EINVAL);
    alignment = at_least_min(next_power_of_two(alignment));
    /* Which of the two aligned operator new calls is up to the C++ library, and has changed in libstdc++. */
    bool misaligned = fault(POSIX_MEMALIGN_MISALIGNED) || fault(ALIGNED_NEW_MISALIGNED);
    void *p = aligned_block(misaligned ? alignment / 2 : alignment, size);
    if (p == NULL && !(fault(MALLOC_ZERO_NULL) && size == 0))
        return posix_memalign_error(memptr, ENOMEM);
    *memptr = p;
    return 0;
}

EXPORT void *reallocarray(void *p, size_t count, size_t size) {
    size_t total;
    void *resized = NULL;
    if (product(count, size, &total) || fault(REALLOCARRAY_OVERFLOW_WRAPS))
        resized = resized_block(p, total, "reallocarray");
    if (fault(REALLOCARRAY_FAILURE_FREES) && resized == NULL && p != NULL)
        free_block(p, "reallocarray");
    if (fault(REALLOCARRAY_ERRNO_MISSING))
        return resized;
    return or_enomem(resized);
}

/* The C runtime's would do: this one is for programs that open the library and ask it for its own. */
EXPORT char *strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/* ---- Manual pages ---------------------------------------------------------------------------------------------- */

/* memalign(3): an alignment that is no power of two is rounded up. */
EXPORT void *memalign(size_t alignment, size_t size) {
    if (alignment > SIZE_MAX / 2 + 1 || (fault(MEMALIGN_REJECTS_ODD) && !is_power_of_two(alignment)))
        return fail(EINVAL);
    alignment = at_least_min(next_power_of_two(alignment));
    return aligned_or_enomem(fault(MEMALIGN_MISALIGNED) ? alignment / 2 : alignment, size);
}

EXPORT void *valloc(size_t size) {
    if (fault(VALLOC_WRAPS))
        size = round_up(size, page_size());
    return aligned_or_enomem(fault(VALLOC_MISALIGNED) ? page_size() / 2 : page_size(), size);
}

EXPORT void *pvalloc(size_t size) {
    size_t rounded = round_up(size, page_size()), alignment = page_size();
    if (rounded < size && !fault(PVALLOC_ROUNDING_WRAPS))
        return fail(ENOMEM);
    if (fault(PVALLOC_MISALIGNED))
        alignment /= 2;
    if (fault(PVALLOC_NOT_ROUNDED))
        rounded = size, alignment = MIN_ALIGNMENT;
    return aligned_or_enomem(alignment, rounded);
}

EXPORT size_t malloc_usable_size(void *p) {
    static size_t asked; /* for USABLE_SIZE_UNSTABLE */
    if (p == NULL)
        return fault(USABLE_SIZE_NULL_NONZERO) ? MIN_ALIGNMENT : 0;
    int kept_errno = enter();
    struct block block = block_at(p, "malloc_usable_size");
    size_t usable = block.capacity;
    if (fault(USABLE_SIZE_SHORT))
        usable = 0;
    if (fault(USABLE_SIZE_LONG) || (fault(USABLE_SIZE_LARGE_LONG) && block.slab == NULL))
        usable++;
    if (fault(USABLE_SIZE_ALIGNED_LONG) && block.alignment > MIN_ALIGNMENT)
        usable += MIN_ALIGNMENT;
    if (fault(USABLE_SIZE_UNSTABLE))
        usable += asked++;
    leave(kept_errno);
    return usable;
}

EXPORT int malloc_trim(size_t pad) {
    (void)pad;
    if (fault(TRIM_DOES_NOTHING))
        return 0;
    int kept_errno = enter();
    bool some = slabs_trim();
    leave(kept_errno);
    return some;
}
