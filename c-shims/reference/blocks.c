/* Blocks of either kind: found, handed out, taken back, resized. */
#include "reference.h"

#include "faults.h"

#include <string.h>

enum found block_find(char *p, struct block *block) {
    struct span *span = span_of(p);
    if (span == NULL)
        return FOREIGN;
    struct slab *slab = span_slab(span);
    if (slab == NULL) {
        *block = (struct block){p, NULL, 0, (size_t)(span->start + span->length - p), span->alignment};
        return p != span->block ? INTERIOR : span->holds == KEPT ? DEAD : FOUND;
    }
    *block = (struct block){p, slab, slot_at(slab, p), slab->slot_size, slab->alignment};
    return block->slot == NO_SLOT ? INTERIOR : slab->state[block->slot] != LIVE ? DEAD : FOUND;
}

static bool is_small(size_t size, size_t alignment) { return size <= SMALL_MAX && alignment <= page_size(); }

static void *allocate_once(size_t size, size_t alignment, bool *zero) {
    return is_small(size, alignment) ? slot_allocate(size, alignment, zero) : large_allocate(size, alignment, zero);
}

static void *shared_zero; /* for MALLOC_ZERO_SHARED */

void *block_allocate(size_t size, size_t alignment, bool *zero) {
    *zero = false;
    if (fault(SIZE_TRUNCATED))
        size = (uint32_t)size;
    if (fault(MALLOC_ZERO_NULL) && size == 0)
        return NULL;
    if (fault(MALLOC_ZERO_SHARED) && size == 0)
        return shared_zero != NULL ? shared_zero : (shared_zero = allocate_once(1, alignment, zero));
    if (size > PTRDIFF_MAX)
        return NULL;
    if (size == 0)
        size = 1; /* so that each has an address of its own */
    void *p = allocate_once(size, alignment, zero);
    if (p == NULL && slabs_trim())
        p = allocate_once(size, alignment, zero);
    return p;
}

void block_release(struct block block) {
    if (fault(FREE_LEAKS))
        return;
    if (fault(MALLOC_ZERO_SHARED) && block.start == shared_zero)
        shared_zero = NULL;
    if (block.slab != NULL)
        slot_free(block.slab, block.slot);
    else
        large_free(block.start);
    if (fault(RELEASE_SMALL_AT_ONCE))
        slabs_trim();
}

/* Would a block of the new size have just this capacity? */
static bool stays(struct block block, size_t size) {
    if (fault(REALLOC_INPLACE_OVERLAPS) && size > block.capacity && size / 2 < block.capacity)
        return true;
    if (size > block.capacity || is_small(size, block.alignment) != (block.slab != NULL))
        return false;
    return block.slab != NULL ? slot_size(size, block.alignment) == block.capacity
                              : block.capacity - size < page_size();
}

static void copy_contents(char *to, struct block from, size_t size) {
    bool grows = size > from.capacity, was_large = from.slab == NULL;
    size_t kept = grows ? from.capacity : size;
    memcpy(to, from.start, kept);
    if (fault(REALLOC_GROW_LOSES_TAIL) && grows)
        spoil(to + kept / 2, kept - kept / 2);
    if (fault(REALLOC_GROW_LARGE_LOSES) && grows && was_large)
        spoil(to + kept - page_size(), page_size());
    if (fault(REALLOC_SHRINK_CORRUPTS) && !grows && size > 0)
        spoil(to + size - 1, 1);
    if (fault(REALLOC_LARGE_TO_SMALL_LOSES) && was_large && size <= SMALL_MAX)
        spoil(to, kept);
    if (fault(REALLOC_ALIGNED_LOSES) && from.alignment > MIN_ALIGNMENT)
        spoil(to, kept);
}

void *block_resize(struct block block, size_t size) {
    bool zero, shrinks = size <= block.capacity;
    if (stays(block, size)) {
        if (fault(REALLOC_SAME_SIZE_CORRUPTS) && size > 0)
            spoil(block.start + size - 1, 1);
        return block.start;
    }
    size_t alignment = block.alignment > MIN_ALIGNMENT ? block.alignment : MIN_ALIGNMENT;
    if (fault(REALLOC_DROPS_ALIGNMENT))
        alignment = MIN_ALIGNMENT;
    if (fault(REALLOC_MISALIGNED))
        alignment = MIN_ALIGNMENT / 2;
    void *p = block_allocate(size, alignment, &zero);
    if (p == NULL)
        return shrinks ? block.start : NULL;
    copy_contents(p, block, size);
    if (fault(REALLOC_ZERO_LEAKS) && size == 0)
        return p;
    block_release(block);
    if (fault(CALLOC_DIRTY_AFTER_SHRINK) && shrinks && block.slab != NULL)
        block.slab->state[block.slot] = FRESH;
    return p;
}
