/* A stand-in for the zones of macOS, for cases/tests/faults.rs: it keeps what the manual pages malloc_zone_malloc(3) and
 * malloc_size(3) promise, over mmap, and breaks one of these promises where ALLOCHECK_FAULT names it. It shows that each
 * rule about zones can fail. It is no macOS, and how it answers what they leave open tells nothing about one.
 *
 * Every block is a mapping of its own. A freed one is kept for its zone, until that is destroyed or relieved. For one
 * thread. */
#define _GNU_SOURCE
#include "malloc/malloc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#pragma GCC visibility push(default)

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define LARGEST ((size_t)1 << 40)

struct block {
    char *mapping, *start; /* NULL: this place was never used */
    size_t length, size;
    malloc_zone_t *zone; /* NULL: unmapped */
    bool live;
    struct block *next; /* of those that are kept */
};

struct zone {
    bool exists;
    struct block *kept;
};

enum { PLACES = 1 << 15 };
static struct zone zones[16] = {{.exists = true}};
static struct block blocks[PLACES]; /* by the hash of where they start */

static bool fault(const char *name) {
    const char *chosen = getenv("ALLOCHECK_FAULT");
    return chosen != NULL && strcmp(chosen, name) == 0;
}

static _Noreturn void die(const char *message) {
    ssize_t ignored = write(STDERR_FILENO, message, strlen(message));
    (void)ignored;
    abort();
}

static size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

static size_t place_of(const void *start) { return (uintptr_t)start * 0x9e3779b97f4a7c15 >> 49; }

/* The live block that starts here, or NULL. */
static struct block *block_at(const void *p) {
    for (size_t i = place_of(p); blocks[i].start != NULL; i = (i + 1) % PLACES)
        if (blocks[i].live && blocks[i].start == p)
            return &blocks[i];
    return NULL;
}

/* The block that a zone's own function was given. */
static struct block *block_of(const malloc_zone_t *zone, const void *p) {
    struct block *block = block_at(p);
    if (block == NULL || (block->zone != zone && !fault("zone-free-takes-any")))
        die("zones: pointer being freed was not allocated by this zone\n");
    return block;
}

static struct block *kept_block(malloc_zone_t *zone, size_t size, size_t alignment) {
    for (struct block **at = &zone->kept; *at != NULL; at = &(*at)->next) {
        struct block *block = *at;
        if (block->size == size && (uintptr_t)block->start % alignment == 0) {
            *at = block->next;
            return block;
        }
    }
    return NULL;
}

/* The block starts at an odd multiple of its alignment: no better aligned than it was asked to be. */
static struct block *mapped_block(malloc_zone_t *zone, size_t size, size_t alignment) {
    static size_t used;
    size_t length = round_up(size + 2 * alignment, PAGE);
    char *mapping = used < PLACES - 1 ? mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                      : MAP_FAILED;
    if (mapping == MAP_FAILED)
        return NULL;
    char *start = mapping + ((round_up((uintptr_t)mapping, alignment) | alignment) - (uintptr_t)mapping);
    size_t i = place_of(start);
    while (blocks[i].zone != NULL)
        i = (i + 1) % PLACES;
    used += blocks[i].start == NULL;
    blocks[i] = (struct block){mapping, start, length, size, zone, false, NULL};
    return &blocks[i];
}

/* Its place stays taken for those that were put behind it. */
static void unmap(struct block *block) {
    munmap(block->mapping, block->length);
    block->zone = NULL;
    block->live = false;
}

static size_t padded(size_t size) { return round_up(size > 0 ? size : 1, 16); }

static void *allocate(malloc_zone_t *zone, size_t size, size_t alignment) {
    alignment = alignment > 16 ? alignment : 16;
    bool possible = size <= LARGEST && alignment <= LARGEST;
    struct block *block = possible ? kept_block(zone, padded(size), alignment) : NULL;
    if (block == NULL && possible)
        block = mapped_block(zone, padded(size), alignment);
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    block->live = true;
    return block->start;
}

static void release(struct block *block) {
    block->live = false;
    block->next = block->zone->kept;
    block->zone->kept = block;
}

static size_t relieve(malloc_zone_t *zone) {
    size_t bytes = 0;
    for (struct block *block = zone->kept; block != NULL; block = block->next) {
        bytes += block->length;
        unmap(block);
    }
    zone->kept = NULL;
    return bytes;
}

/* ---- The functions of <malloc/malloc.h> -------------------------------------------------------------------------- */

malloc_zone_t *malloc_default_zone(void) { return &zones[0]; }

malloc_zone_t *malloc_create_zone(size_t start_size, unsigned flags) {
    (void)start_size, (void)flags;
    for (size_t i = 1; i < sizeof zones / sizeof zones[0]; i++)
        if (!zones[i].exists) {
            zones[i].exists = true;
            return &zones[i];
        }
    return NULL;
}

void malloc_destroy_zone(malloc_zone_t *zone) {
    bool hits_another = fault("zone-destroy-hits-another");
    for (size_t i = 0; i < PLACES && !fault("zone-destroy-leaks"); i++)
        if (blocks[i].zone == zone)
            unmap(&blocks[i]);
        else if (hits_another && blocks[i].live)
            memset(blocks[i].start, 0, blocks[i].size / 2);
    *zone = (struct zone){.exists = false};
}

void *malloc_zone_malloc(malloc_zone_t *zone, size_t size) {
    return allocate(zone, size, 16);
}

void *malloc_zone_calloc(malloc_zone_t *zone, size_t count, size_t size) {
    size_t total;
    void *p = __builtin_mul_overflow(count, size, &total) ? NULL : allocate(zone, total, 16);
    if (p != NULL && !fault("zone-calloc-dirty"))
        memset(p, 0, total);
    return p;
}

void *malloc_zone_valloc(malloc_zone_t *zone, size_t size) { return allocate(zone, size, PAGE); }

void *malloc_zone_memalign(malloc_zone_t *zone, size_t alignment, size_t size) {
    return allocate(zone, size, fault("zone-memalign-misaligned") ? alignment / 2 : alignment);
}

static void *resize(malloc_zone_t *zone, struct block *old, size_t size) {
    char *p = allocate(zone, size, 16);
    size_t kept = old->size < size ? old->size : size;
    if (p != NULL) {
        memcpy(p, old->start, fault("zone-realloc-loses") ? kept / 2 : kept);
        release(old);
    }
    return p;
}

void *malloc_zone_realloc(malloc_zone_t *zone, void *p, size_t size) {
    return p == NULL ? malloc_zone_malloc(zone, size) : resize(zone, block_of(zone, p), size);
}

void malloc_zone_free(malloc_zone_t *zone, void *p) {
    if (p != NULL && !fault("zone-free-leaks"))
        release(block_of(zone, p));
}

malloc_zone_t *malloc_zone_from_ptr(const void *p) {
    struct block *block = block_at(p);
    if (block == NULL)
        return fault("zone-of-anything") ? &zones[0] : NULL;
    if (fault("zone-of-none"))
        return NULL;
    return fault("zone-of-default") ? &zones[0] : block->zone;
}

size_t malloc_zone_pressure_relief(malloc_zone_t *zone, size_t goal) {
    size_t bytes = 0;
    (void)goal;
    for (size_t i = 0; i < PLACES && fault("zone-relief-hits-live"); i++)
        if (blocks[i].live)
            memset(blocks[i].start, 0, blocks[i].size / 2);
    for (malloc_zone_t *each = zones; each < zones + sizeof zones / sizeof zones[0]; each++)
        if ((zone == NULL || zone == each) && !fault("zone-relief-does-nothing"))
            bytes += relieve(each);
    return bytes;
}

size_t malloc_size(const void *p) {
    struct block *block = block_at(p);
    if (block == NULL)
        return fault("malloc-size-of-anything") ? 16 : 0;
    return fault("malloc-size-short") ? block->size / 2 : block->size;
}

size_t malloc_good_size(size_t size) { return padded(size) + (fault("good-size-padded") ? 8 : 0); }

/* ---- malloc and its kin ------------------------------------------------------------------------------------------ */

void *malloc(size_t size) { return allocate(&zones[0], size, 16); }

void *calloc(size_t count, size_t size) {
    size_t total;
    void *p = __builtin_mul_overflow(count, size, &total) ? NULL : allocate(&zones[0], total, 16);
    return p != NULL ? memset(p, 0, total) : NULL;
}

void free(void *p) {
    struct block *block = block_at(p);
    if (p != NULL && block == NULL)
        die("zones: pointer being freed was not allocated\n");
    if (p != NULL && !(fault("free-keeps-zone-block") && block->zone != &zones[0]))
        release(block);
}

void *realloc(void *p, size_t size) {
    struct block *block = block_at(p);
    if (p != NULL && block == NULL)
        die("zones: pointer being realloc'd was not allocated\n");
    return p == NULL ? malloc(size) : resize(fault("zone-realloc-to-default") ? &zones[0] : block->zone, block, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return allocate(&zones[0], size, alignment); }

int posix_memalign(void **p, size_t alignment, size_t size) {
    *p = allocate(&zones[0], size, alignment);
    return *p != NULL ? 0 : ENOMEM;
}
