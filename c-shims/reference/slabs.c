/* Small blocks: slots, cut from slabs of one slot size and alignment each. The books are in the slab's header; a freed
 * slot keeps its bytes. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "reference.h"

#include "faults.h"

#include <sched.h>
#include <string.h>

#define SLAB_SIZE ((size_t)256 << 10)

/* Slabs with room for more, by slot size. */
static struct slab *with_room[SMALL_MAX / MIN_ALIGNMENT + 1];

/* Steps of 16 bytes up to 1 KiB, then four to each doubling. */
size_t slot_size(size_t size, size_t alignment) {
    size_t step = MIN_ALIGNMENT;
    for (size_t top = 1024; top < size; top *= 2)
        step = top / 4;
    if (fault(OVERLAP_AT_CLASS_BOUNDARY) && size > step)
        size--;
    return round_up(size, step > alignment ? step : alignment);
}

static struct slab **list_of(const struct slab *slab) { return &with_room[slab->slot_size / MIN_ALIGNMENT]; }

static void link_slab(struct slab *slab) {
    slab->next = *list_of(slab);
    *list_of(slab) = slab;
}

static void unlink_slab(struct slab *slab) {
    struct slab **at = list_of(slab);
    while (*at != slab)
        at = &(*at)->next;
    *at = slab->next;
}

/* ---- Slabs ----------------------------------------------------------------------------------------------------- */

static struct slab *idle_slab(void) {
    for (size_t i = 0; i < spans.count; i++) {
        struct slab *slab = span_slab(&spans.all[i]);
        if (slab != NULL && slab->live == 0)
            return slab;
    }
    return NULL;
}

/* An idle slab is cut anew for the size that is asked for, before the system gives another. */
static struct slab *new_slab(size_t size, size_t alignment) {
    enum state state = FREED;
    struct slab *slab = idle_slab();
    if (slab != NULL) {
        unlink_slab(slab);
    } else {
        struct span *span = span_map(SLAB_SIZE, page_size(), SLAB);
        if (span == NULL)
            return NULL;
        slab = span_slab(span);
        state = FRESH;
    }
    size_t count = (SLAB_SIZE - sizeof *slab - 2 * alignment) / (size + 1);
    *slab = (struct slab){.slot_size = size, .alignment = alignment, .count = count};
    slab->slots = aligned_exactly((char *)slab->state + count, alignment);
    memset(slab->state, state, count);
    link_slab(slab);
    return slab;
}

static struct slab *slab_for(size_t size, size_t alignment) {
    struct slab *slab = with_room[size / MIN_ALIGNMENT];
    while (slab != NULL && slab->alignment != alignment)
        slab = slab->next;
    return slab != NULL ? slab : new_slab(size, alignment);
}

/* Zeroes every page that holds a free slot, as giving it back would; only those that hold nothing else may go. */
static void purge_too_much(struct slab *slab) {
    size_t page = page_size();
    for (size_t slot = 0; slot < slab->count; slot++) {
        char *first = slab->slots + slot * slab->slot_size;
        char *start = first - (uintptr_t)first % page;
        if (start < slab->slots) /* the books */
            start = slab->slots;
        if (slab->state[slot] == FREED)
            memset(start, 0, round_up((uintptr_t)first + slab->slot_size, page) - (uintptr_t)start);
    }
}

bool slabs_trim(void) {
    bool some = false;
    for (size_t i = spans.count; i-- > 0;) {
        struct slab *slab = span_slab(&spans.all[i]);
        if (fault(PURGE_HITS_NEIGHBOUR) && slab != NULL && slab->live > 0)
            purge_too_much(slab);
        if (slab == NULL || slab->live > 0)
            continue;
        unlink_slab(slab);
        span_unmap(&spans.all[i]);
        some = true;
    }
    return some;
}

/* ---- Slots ----------------------------------------------------------------------------------------------------- */

void *slot_allocate(size_t size, size_t alignment, bool *zero) {
    struct slab *slab = slab_for(slot_size(size, alignment), alignment);
    if (slab == NULL)
        return NULL;
    size_t slot = slab->search;
    while (slab->state[slot] == LIVE)
        slot++;
    if (fault(THREADS_UNLOCKED))
        sched_yield();
    *zero = slab->state[slot] == FRESH;
    if (fault(CALLOC_DIRTY_ACROSS_THREADS) && !pthread_equal(slab->freed_by, pthread_self()))
        *zero = true;
    if (!(fault(OVERLAP_MIXED_FAMILIES) && alignment > MIN_ALIGNMENT)) {
        slab->state[slot] = LIVE;
        slab->search = slot + 1;
    }
    if (++slab->live == slab->count)
        unlink_slab(slab);
    return slab->slots + slot * slab->slot_size;
}

void slot_free(struct slab *slab, size_t slot) {
    if (fault(FREED_JUNK))
        memset(slab->slots + slot * slab->slot_size, 0x5a, slab->slot_size);
    if (slab->live-- == slab->count)
        link_slab(slab);
    slab->state[slot] = FREED;
    if (slab->search > slot)
        slab->search = slot;
    slab->freed_by = pthread_self();
}

size_t slot_at(const struct slab *slab, const char *p) {
    size_t offset = (uintptr_t)p - (uintptr_t)slab->slots, slot = offset / slab->slot_size;
    return offset % slab->slot_size == 0 && slot < slab->count ? slot : NO_SLOT;
}
