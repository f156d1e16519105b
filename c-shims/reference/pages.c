/* Mappings, and the books about them. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "reference.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if !defined(MAP_ANONYMOUS)
#define MAP_ANONYMOUS MAP_ANON
#endif

struct spans spans;

size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static char *map(size_t length, int protection) {
    void *p = mmap(NULL, length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED ? p : NULL;
}

static void unmap(char *first, char *end) {
    if (first < end)
        munmap(first, (size_t)(end - first));
}

/* ---- The books ------------------------------------------------------------------------------------------------- */

static bool room_for_one_more(void) {
    if (spans.count < spans.room)
        return true;
    size_t room = spans.room > 0 ? 2 * spans.room : page_size() / sizeof(struct span);
    struct span *all = (struct span *)map(room * sizeof *all, PROT_READ | PROT_WRITE);
    if (all == NULL)
        return false;
    if (spans.count > 0) {
        memcpy(all, spans.all, spans.count * sizeof *all);
        munmap(spans.all, spans.room * sizeof *all);
    }
    spans.all = all;
    spans.room = room;
    return true;
}

/* How many spans start at or below `p`. */
static size_t spans_up_to(const void *p) {
    size_t low = 0, high = spans.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)spans.all[middle].start <= (uintptr_t)p)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct span *span_of(const void *p) {
    size_t i = spans_up_to(p);
    if (i == 0)
        return NULL;
    struct span *span = &spans.all[i - 1];
    return (uintptr_t)p - (uintptr_t)span->start < span->length ? span : NULL;
}

static struct span *span_enter(struct span span) {
    size_t i = spans_up_to(span.start);
    memmove(&spans.all[i + 1], &spans.all[i], (spans.count - i) * sizeof span);
    spans.all[i] = span;
    spans.count++;
    return &spans.all[i];
}

void span_forget(struct span *span) {
    size_t after = spans.count - (size_t)(span - spans.all) - 1;
    memmove(span, span + 1, after * sizeof *span);
    spans.count--;
}

/* ---- Mapping --------------------------------------------------------------------------------------------------- */

struct span *span_map(size_t size, size_t alignment, enum holds holds) {
    size_t page = page_size();
    /* size <= PTRDIFF_MAX: with this, no sum below overflows. */
    if (alignment > SIZE_MAX / 8 || !room_for_one_more())
        return NULL;
    /* Reserved inaccessible first, so that only what stays counts against the process' limits. */
    size_t reserved = round_up(size + 2 * alignment, page) + page;
    char *first = map(reserved, PROT_NONE);
    if (first == NULL)
        return NULL;
    char *block = aligned_exactly(first, alignment);
    char *start = block - (uintptr_t)block % page;
    size_t length = round_up((size_t)(block - start) + size, page);
    if (mprotect(start, length, PROT_READ | PROT_WRITE) != 0) {
        munmap(first, reserved);
        return NULL;
    }
    unmap(first, start);
    unmap(start + length + page, first + reserved);
    return span_enter((struct span){start, length, block, alignment, holds});
}

/* At the system's limit of mappings, to cut a hole into one can fail; then at least its memory goes. */
void span_unmap(struct span *span) {
    if (munmap(span->start, span->length + page_size()) != 0)
        madvise(span->start, span->length, MADV_DONTNEED);
    span_forget(span);
}
