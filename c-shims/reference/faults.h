/* faults.h - the planted defects. ALLOCHECK_FAULT chooses one by its name.
 *
 * The code around them is correct. A defect is one line, `if (fault(NAME)) ...`, where the promise that it breaks is
 * kept, and leaves a program able to start. No name is no defect; an unknown one aborts, for a misspelt fault must not
 * pass for a rule that is upheld. */
#ifndef REFERENCE_FAULTS_H
#define REFERENCE_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define FAULTS(F)                                                                                                     \
    /* zero sizes and null pointers */                                                                                \
    F(MALLOC_ZERO_NULL, "malloc-zero-null")                                                                           \
    F(MALLOC_ZERO_SHARED, "malloc-zero-shared")                                                                       \
    F(MALLOC_ZERO_MISALIGNED, "malloc-zero-misaligned")                                                               \
    F(REALLOC_ZERO_NULL, "realloc-zero-null")                                                                         \
    F(REALLOC_ZERO_LEAKS, "realloc-zero-leaks")                                                                       \
    F(REALLOC_NULL_FAILS, "realloc-null-fails")                                                                       \
    F(CALLOC_ZERO_TRAPS, "calloc-zero-traps")                                                                         \
    F(FREE_NULL_TRAPS, "free-null-traps")                                                                             \
    /* errno */                                                                                                       \
    F(FREE_NULL_CLOBBERS_ERRNO, "free-null-clobbers-errno")                                                           \
    F(FREE_CLOBBERS_ERRNO, "free-clobbers-errno")                                                                     \
    F(FREE_LARGE_CLOBBERS_ERRNO, "free-large-clobbers-errno")                                                         \
    F(MALLOC_ERRNO_MISSING, "malloc-errno-missing")                                                                   \
    F(CALLOC_ERRNO_MISSING, "calloc-errno-missing")                                                                   \
    F(REALLOC_ERRNO_MISSING, "realloc-errno-missing")                                                                 \
    F(ALIGNED_ALLOC_ERRNO_MISSING, "aligned-alloc-errno-missing")                                                     \
    F(REALLOCARRAY_ERRNO_MISSING, "reallocarray-errno-missing")                                                       \
    F(MALLOC_SUCCESS_SETS_ERRNO, "malloc-success-sets-errno")                                                         \
    F(REALLOC_SUCCESS_SETS_ERRNO, "realloc-success-sets-errno")                                                       \
    F(POSIX_MEMALIGN_SETS_ERRNO, "posix-memalign-sets-errno")                                                         \
    /* sizes that overflow */                                                                                         \
    F(CALLOC_OVERFLOW_WRAPS, "calloc-overflow-wraps")                                                                 \
    F(REALLOCARRAY_OVERFLOW_WRAPS, "reallocarray-overflow-wraps")                                                     \
    F(MALLOC_HEADER_WRAPS, "malloc-header-wraps")                                                                     \
    F(MALLOC_HUGE_SUCCEEDS, "malloc-huge-succeeds")                                                                   \
    F(REALLOC_HEADER_WRAPS, "realloc-header-wraps")                                                                   \
    F(REALLOC_HUGE_SUCCEEDS, "realloc-huge-succeeds")                                                                 \
    F(ALIGNED_SIZE_WRAPS, "aligned-size-wraps")                                                                       \
    F(PVALLOC_ROUNDING_WRAPS, "pvalloc-rounding-wraps")                                                               \
    F(VALLOC_WRAPS, "valloc-wraps")                                                                                   \
    F(SIZE_TRUNCATED, "size-truncated")                                                                               \
    /* failure */                                                                                                     \
    F(REALLOC_FAILURE_FREES, "realloc-failure-frees")                                                                 \
    F(REALLOC_FAILURE_CORRUPTS, "realloc-failure-corrupts")                                                           \
    F(REALLOCARRAY_FAILURE_FREES, "reallocarray-failure-frees")                                                       \
    F(POSIX_MEMALIGN_RETURNS_MINUS_ONE, "posix-memalign-returns-minus-one")                                           \
    F(POSIX_MEMALIGN_EINVAL_FOR_MEMORY, "posix-memalign-einval-for-memory")                                           \
    F(POSIX_MEMALIGN_CLOBBERS_POINTER, "posix-memalign-clobbers-pointer")                                             \
    /* alignment */                                                                                                   \
    F(MALLOC_MISALIGNED, "malloc-misaligned")                                                                         \
    F(MALLOC_SMALL_MISALIGNED, "malloc-small-misaligned")                                                             \
    F(MALLOC_LARGE_MISALIGNED, "malloc-large-misaligned")                                                             \
    F(CALLOC_MISALIGNED, "calloc-misaligned")                                                                         \
    F(REALLOC_MISALIGNED, "realloc-misaligned")                                                                       \
    F(ALIGNED_ALLOC_MISALIGNED, "aligned-alloc-misaligned")                                                           \
    F(ALIGNED_ALLOC_MISALIGNED_BEYOND_PAGE, "aligned-alloc-misaligned-beyond-page")                                   \
    F(ALIGNED_NEW_MISALIGNED, "aligned-new-misaligned")                                                               \
    F(ALIGNED_ALLOC_REJECTS_SMALL, "aligned-alloc-rejects-small")                                                     \
    F(ALIGNED_ALLOC_ACCEPTS_INVALID, "aligned-alloc-accepts-invalid")                                                 \
    F(ALIGNED_ALLOC_REJECTS_ODD_SIZE, "aligned-alloc-rejects-odd-size")                                               \
    F(POSIX_MEMALIGN_MISALIGNED, "posix-memalign-misaligned")                                                         \
    F(POSIX_MEMALIGN_ACCEPTS_INVALID, "posix-memalign-accepts-invalid")                                               \
    F(MEMALIGN_MISALIGNED, "memalign-misaligned")                                                                     \
    F(MEMALIGN_REJECTS_ODD, "memalign-rejects-odd")                                                                   \
    F(VALLOC_MISALIGNED, "valloc-misaligned")                                                                         \
    F(PVALLOC_MISALIGNED, "pvalloc-misaligned")                                                                       \
    F(PVALLOC_NOT_ROUNDED, "pvalloc-not-rounded")                                                                     \
    F(REALLOC_DROPS_ALIGNMENT, "realloc-drops-alignment")                                                             \
    /* contents */                                                                                                    \
    F(CALLOC_DIRTY, "calloc-dirty")                                                                                   \
    F(CALLOC_DIRTY_ON_REUSE, "calloc-dirty-on-reuse")                                                                 \
    F(CALLOC_DIRTY_TAIL, "calloc-dirty-tail")                                                                         \
    F(CALLOC_DIRTY_LARGE_REUSE, "calloc-dirty-large-reuse")                                                           \
    F(CALLOC_DIRTY_AFTER_SHRINK, "calloc-dirty-after-shrink")                                                         \
    F(CALLOC_DIRTY_ACROSS_THREADS, "calloc-dirty-across-threads")                                                     \
    F(REALLOC_GROW_LOSES_TAIL, "realloc-grow-loses-tail")                                                             \
    F(REALLOC_GROW_LARGE_LOSES, "realloc-grow-large-loses")                                                           \
    F(REALLOC_SHRINK_CORRUPTS, "realloc-shrink-corrupts")                                                             \
    F(REALLOC_LARGE_TO_SMALL_LOSES, "realloc-large-to-small-loses")                                                   \
    F(REALLOC_SAME_SIZE_CORRUPTS, "realloc-same-size-corrupts")                                                       \
    F(REALLOC_ALIGNED_LOSES, "realloc-aligned-loses")                                                                 \
    F(FRESH_JUNK, "fresh-junk")                                                                                       \
    F(FREED_JUNK, "freed-junk")                                                                                       \
    /* overlap and bounds */                                                                                          \
    F(OVERLAP_AT_CLASS_BOUNDARY, "overlap-at-class-boundary")                                                         \
    F(OVERLAP_LARGE, "overlap-large")                                                                                 \
    F(OVERLAP_MIXED_FAMILIES, "overlap-mixed-families")                                                               \
    F(REALLOC_INPLACE_OVERLAPS, "realloc-inplace-overlaps")                                                           \
    F(LARGE_LAST_PAGE_MISSING, "large-last-page-missing")                                                             \
    F(USABLE_SIZE_SHORT, "usable-size-short")                                                                         \
    F(USABLE_SIZE_LONG, "usable-size-long")                                                                           \
    F(USABLE_SIZE_LARGE_LONG, "usable-size-large-long")                                                               \
    F(USABLE_SIZE_NULL_NONZERO, "usable-size-null-nonzero")                                                           \
    F(USABLE_SIZE_UNSTABLE, "usable-size-unstable")                                                                   \
    F(USABLE_SIZE_ALIGNED_LONG, "usable-size-aligned-long")                                                           \
    /* sized free */                                                                                                  \
    F(FREE_SIZED_LEAKS, "free-sized-leaks")                                                                           \
    F(FREE_ALIGNED_SIZED_LEAKS, "free-aligned-sized-leaks")                                                           \
    /* release and mixing */                                                                                          \
    F(FREE_LEAKS, "free-leaks")                                                                                       \
    F(FREE_KEEPS_LARGE, "free-keeps-large")                                                                           \
    F(RELEASE_DECOMMITS, "release-decommits")                                                                         \
    F(RELEASE_LAZY, "release-lazy")                                                                                   \
    F(RELEASE_ALL_BUT_TAIL, "release-all-but-tail")                                                                   \
    F(RELEASE_NOT_MONOTONE, "release-not-monotone")                                                                   \
    F(RELEASE_THRESHOLD_DOUBLED, "release-threshold-doubled")                                                         \
    F(RELEASE_LATE, "release-late")                                                                                   \
    F(RELEASE_SMALL_AT_ONCE, "release-small-at-once")                                                                 \
    F(TRIM_DOES_NOTHING, "trim-does-nothing")                                                                         \
    F(PURGE_HITS_NEIGHBOUR, "purge-hits-neighbour")                                                                   \
    F(ADDRESS_SPACE_LEAKS, "address-space-leaks")                                                                     \
    F(DOUBLE_FREE_SILENT, "double-free-silent")                                                                       \
    F(FOREIGN_FREE_SILENT, "foreign-free-silent")                                                                     \
    F(INTERIOR_FREE_SILENT, "interior-free-silent")                                                                   \
    F(THREADS_UNLOCKED, "threads-unlocked")

#define FAULT_ENUMERATOR(id, name) id,
enum fault { FAULT_UNREAD, NO_FAULT, FAULTS(FAULT_ENUMERATOR) };
#undef FAULT_ENUMERATOR

extern _Atomic int fault_chosen; /* an enum fault */
int fault_read(void);

/* Is this the planted defect? */
static inline bool fault(enum fault which) {
    int chosen = atomic_load_explicit(&fault_chosen, memory_order_relaxed);
    return (chosen == FAULT_UNREAD ? fault_read() : chosen) == (int)which;
}

/* Inverts the bytes: whatever they were, they are not any more. */
static inline void spoil(void *p, size_t size) {
    for (unsigned char *byte = p; size > 0; size--)
        *byte++ ^= 0xff;
}

#endif
