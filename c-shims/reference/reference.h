/* reference.h - what the files of the reference allocator share.
 *
 * The reference allocator keeps every promise that a rule asks about, and is simple rather than fast: one mutex, no
 * caches, all books apart from the blocks. From the top:
 *   family.c   the public functions, and the mutex under which all below runs
 *   blocks.c   a block, wherever it lives
 *   slabs.c    small blocks          large.c   large ones
 *   pages.c    mappings, and the books about them
 *   interpose.c   how the public functions are put in place on macOS
 * What runs under the mutex may change errno: family.c puts it back. How the allocator is made to break its promises,
 * one at a time, is in faults.h. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

#if defined(__APPLE__)
/* These take the place of libSystem's: interpose.c. */
#define malloc reference_malloc
#define calloc reference_calloc
#define realloc reference_realloc
#define free reference_free
#define aligned_alloc reference_aligned_alloc
#define posix_memalign reference_posix_memalign
#define valloc reference_valloc
#endif

/* Every block is aligned to this, however small. */
#define MIN_ALIGNMENT ((size_t)16)
/* Up to here a block is a slot of a slab, whose memory stays; above, a mapping of its own, which free unmaps. */
#define SMALL_MAX ((size_t)64 << 10)

static inline size_t round_up(size_t n, size_t power_of_two) { return (n + power_of_two - 1) & ~(power_of_two - 1); }

/* The first odd multiple of `alignment` from `p` on, less than 2 * alignment away. Blocks start there: aligned as they
 * were asked to be and no better, so that whoever asks for too little is found out. */
static inline char *aligned_exactly(char *p, size_t alignment) {
    uintptr_t address = round_up((uintptr_t)p, alignment) | alignment;
    return p + (address - (uintptr_t)p);
}

/* ---- pages.c --------------------------------------------------------------------------------------------------- */

enum holds { SLAB, LARGE, KEPT /* a freed large block that was not unmapped: by fault only */ };

/* One mapping. An inaccessible page follows it. */
struct span {
    char *start; /* whole pages */
    size_t length;
    char *block; /* what it holds; starts in its first page */
    size_t alignment;
    enum holds holds;
};

/* All of them, by address. A pointer to one is good until the next is mapped or unmapped. */
extern struct spans {
    struct span *all;
    size_t count, room;
} spans;

size_t page_size(void);
/* Maps `size` zero bytes, PTRDIFF_MAX at most; NULL if the system has no memory. */
struct span *span_map(size_t size, size_t alignment, enum holds holds);
void span_unmap(struct span *span);
/* Takes the span off the books and leaves its pages alone. */
void span_forget(struct span *span);
/* The span that `p` points into, or NULL. */
struct span *span_of(const void *p);

/* ---- slabs.c: blocks of SMALL_MAX bytes at most, aligned to a page at most ------------------------------------- */

enum state { FRESH /* never handed out: zero, as it came from the system */, FREED, LIVE };

struct slab {
    size_t slot_size, alignment;
    char *slots;
    size_t count, live;
    size_t search;      /* all slots below are live */
    struct slab *next;  /* of the slabs with room */
    pthread_t freed_by; /* the thread that freed last, for CALLOC_DIRTY_ACROSS_THREADS */
    unsigned char state[];
};

/* NULL if it holds a large block. */
static inline struct slab *span_slab(const struct span *span) {
    return span->holds == SLAB ? (struct slab *)span->block : NULL;
}

/* The size of the slot that a block gets. */
size_t slot_size(size_t size, size_t alignment);
/* Sets *zero if the slot is fresh. */
void *slot_allocate(size_t size, size_t alignment, bool *zero);
void slot_free(struct slab *slab, size_t slot);
/* The slot that starts at `p`, or NO_SLOT. */
#define NO_SLOT SIZE_MAX
size_t slot_at(const struct slab *slab, const char *p);
/* Unmaps the slabs that hold no block. Was there one? */
bool slabs_trim(void);

/* ---- large.c --------------------------------------------------------------------------------------------------- */

void *large_allocate(size_t size, size_t alignment, bool *zero);
void large_free(char *block);

/* ---- blocks.c -------------------------------------------------------------------------------------------------- */

struct block {
    char *start;
    struct slab *slab; /* NULL for a large block */
    size_t slot, capacity, alignment;
};

enum found { FOUND, FOREIGN, INTERIOR, DEAD };

/* Finds the live block that starts at `p`, or says why there is none. */
enum found block_find(char *p, struct block *block);
/* NULL if there is no memory. Sets *zero if the block is zero already. */
void *block_allocate(size_t size, size_t alignment, bool *zero);
void block_release(struct block block);
/* Moves the block unless its capacity is right for the new size. It keeps its alignment; with no memory to make it
 * smaller, it stays; with none to make it larger, NULL. */
void *block_resize(struct block block, size_t size);

/* ---- family.c -------------------------------------------------------------------------------------------------- */

/* Writes the texts up to NULL to standard error, as a line, and aborts. */
_Noreturn void die(const char *const texts[]);

#endif
