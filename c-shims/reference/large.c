/* Large blocks: each has a span of its own, which free unmaps. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "reference.h"

#include "faults.h"

#include <sys/mman.h>

/* ---- Defects that take more than a line ------------------------------------------------------------------------ */

/* A kept span of just the size that is asked for. */
static struct span *kept_span(size_t size, size_t alignment) {
    for (size_t i = 0; i < spans.count; i++) {
        struct span *span = &spans.all[i];
        size_t length = round_up((size_t)(span->block - span->start) + size, page_size());
        if (span->holds == KEPT && span->alignment == alignment && span->length == length)
            return span;
    }
    return NULL;
}

static void unmap_kept_spans(void) {
    for (size_t i = spans.count; i-- > 0;)
        if (spans.all[i].holds == KEPT)
            span_unmap(&spans.all[i]);
}

/* Does a freed span stay mapped, for reuse? */
static bool is_kept(const struct span *span) {
    size_t pages = span->length / page_size();
    return fault(FREE_KEEPS_LARGE) || fault(CALLOC_DIRTY_LARGE_REUSE) || fault(RELEASE_DECOMMITS) ||
           fault(RELEASE_LAZY) || fault(RELEASE_LATE) || (fault(RELEASE_NOT_MONOTONE) && pages % 2 == 0) ||
           (fault(RELEASE_THRESHOLD_DOUBLED) && span->length <= 2 * SMALL_MAX);
}

/* Slides the span over its guard page and onto the first page of the large block behind it. */
static void slide_onto_next(struct span *span) {
    size_t page = page_size();
    struct span *next = span + 1;
    char *guard = span->start + span->length;
    if (next == &spans.all[spans.count] || next->holds != LARGE || next->start != guard + page)
        return;
    mprotect(guard, page, PROT_READ | PROT_WRITE);
    munmap(span->start, 2 * page);
    span->start += 2 * page;
    span->block += 2 * page;
}

/* Zeroes the first page of the large block at the next higher address. */
static void wipe_next(const struct span *span) {
    const struct span *next = span + 1;
    if (next < &spans.all[spans.count] && next->holds == LARGE)
        madvise(next->start, page_size(), MADV_DONTNEED);
}

/* ---- Large blocks ---------------------------------------------------------------------------------------------- */

void *large_allocate(size_t size, size_t alignment, bool *zero) {
    struct span *span = kept_span(size, alignment);
    *zero = span == NULL || fault(CALLOC_DIRTY_LARGE_REUSE);
    if (span == NULL)
        span = span_map(size, alignment, LARGE);
    if (span == NULL)
        return NULL;
    span->holds = LARGE;
    if (fault(OVERLAP_LARGE))
        slide_onto_next(span);
    if (fault(LARGE_LAST_PAGE_MISSING))
        mprotect(span->start + span->length - page_size(), page_size(), PROT_NONE);
    return span->block;
}

/* The whole span goes, at once. */
void large_free(char *block) {
    if (fault(RELEASE_LATE))
        unmap_kept_spans();
    struct span *span = span_of(block);
    if (fault(PURGE_HITS_NEIGHBOUR))
        wipe_next(span);
    if (fault(RELEASE_DECOMMITS) || fault(ADDRESS_SPACE_LEAKS))
        madvise(span->start, span->length, MADV_DONTNEED);
    if (fault(RELEASE_LAZY))
        madvise(span->start, span->length, MADV_FREE);
    if (fault(RELEASE_ALL_BUT_TAIL))
        munmap(span->start, span->length - page_size());
    if (fault(RELEASE_ALL_BUT_TAIL) || fault(ADDRESS_SPACE_LEAKS))
        span_forget(span);
    else if (is_kept(span))
        span->holds = KEPT;
    else
        span_unmap(span);
}
