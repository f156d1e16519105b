/* A block that goes from one family of a Python process to another: neighbours before, look after. */
#define _GNU_SOURCE
#if defined(__linux__)
#include <unistd.h>
#endif

#include "python_families.h"
#include "runtime.h"

enum { BEFORE = 25, TRIES = 4096, KEPT = 16, LATER_AT_LEAST = 2, LATER_AT_MOST = 3072, SMALLEST = 24 };

/* Live blocks of one family. Each is filled with bytes of its own, so blocks that overlap cannot both be as they were
 * filled. */
struct herd {
    struct python_family *family;
    unsigned seed;
    size_t count;
    void *blocks[BEFORE + LATER_AT_MOST];
    uintptr_t heads[BEFORE + LATER_AT_MOST];
};

static struct herd ours, theirs = {.seed = BEFORE + LATER_AT_MOST};

/* Of a large block the beginning says enough. */
static size_t filled(void) { return families_size < KIB(4) ? families_size : KIB(4); }

static void *take_one(struct python_family *family, unsigned seed) {
    void *block = family->allocate(families_size);
    if (block == NULL)
        probe_unobservable("no memory for a block of %zu", families_size);
    fill(block, filled(), seed);
    return block;
}

/* What the family keeps in front of a block is as good as a part of it. */
static uintptr_t head(const struct herd *herd, size_t i) {
    uintptr_t word = 0;
    if (herd->family->head > 0)
        memcpy(&word, (const char *)herd->blocks[i] - herd->family->head, sizeof word);
    return word;
}

static unsigned seed(const struct herd *herd, size_t i) { return herd->seed + (unsigned)i; }

static void take(struct herd *herd, size_t count) {
    for (; count > 0; count--, herd->count++) {
        herd->blocks[herd->count] = take_one(herd->family, seed(herd, herd->count));
        herd->heads[herd->count] = head(herd, herd->count);
    }
}

/* So many that a free list is used up: what is wrong with it shows when it is. */
static size_t later(void) {
    size_t count = KIB(128) / families_size;
    return count < LATER_AT_LEAST ? LATER_AT_LEAST : count < LATER_AT_MOST ? count : LATER_AT_MOST;
}

/* Large ones cost too much to take many of. */
static size_t neighbours(void) { return families_size < KIB(64) ? 8 : 1; }

static bool is_whole(const struct herd *herd) {
    for (size_t i = 0; i < herd->count; i++)
        if (first_unlike_fill(herd->blocks[i], filled(), seed(herd, i)) != filled() ||
            head(herd, i) != herd->heads[i])
            return false;
    return true;
}

static bool hands_out(const struct herd *herd, const void *block) {
    for (size_t i = 0; i < herd->count; i++)
        if (overlaps(herd->blocks[i], families_size, block, families_size))
            return true;
    return false;
}

/* Was the memory of this released block put to use again, or given back? */
static bool is_gone(const void *block) {
    return hands_out(&ours, block) || hands_out(&theirs, block) || witness_unmapped(block, families_size);
}

static void release_all(const struct herd *herd) {
    for (size_t i = 0; i < herd->count; i++)
        herd->family->release(herd->blocks[i]);
}

/* Uses up the odd holes that a heap has for such blocks: one that is larger than was asked for never serves its like. */
static void fill_holes(struct python_family *family) {
    for (size_t count = KIB(32) / families_size; count > 0; count--)
        opaque(family->allocate(families_size));
}

static ptrdiff_t distance(const void *a, const void *b) { return (const char *)b - (const char *)a; }

/* A block that stands between two of the herd, at equal distances: what the allocator itself keeps before the first and
 * behind the last of a page would make the outcome one of every byte that the interpreter allocated earlier. */
static void *take_between(struct herd *herd) {
    void **blocks = herd->blocks;
    size_t last = herd->count - 1;
    void *block = take_one(herd->family, 0), *next = take_one(herd->family, 0);
    for (unsigned tries = 0; last > 0 && tries < TRIES; tries++) {
        ptrdiff_t apart = distance(blocks[last - 1], blocks[last]);
        if (distance(blocks[last], block) == apart && distance(block, next) == apart)
            break;
        memmove(blocks, blocks + 1, last * sizeof *blocks);
        blocks[last] = block;
        block = next;
        next = take_one(herd->family, 0);
    }
    blocks[herd->count++] = next;
    for (size_t i = 0; i < herd->count; i++) {
        fill(blocks[i], filled(), seed(herd, i));
        herd->heads[i] = head(herd, i);
    }
    return block;
}

/* What a family keeps shall not be the block in question. */
static void fill_keeper(struct python_family *family) {
    void *blocks[KEPT];
    if (families_size >= family->keeps_below)
        return;
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = family->allocate(families_size);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        family->release(blocks[i]);
}

/* What is wrong with the interpreter's own lists shows when the collector walks them. */
static void collect(void) {
    intptr_t (*collector)(void) = (intptr_t(*)(void))(uintptr_t)symbol_of_process("PyGC_Collect");
    collector();
}

static struct python_family *present(const char *name) {
    struct python_family *family = python_family(name);
    if (family->release == NULL)
        probe_lacking(name, "not in this process");
    return family;
}

void families_settle(void) {
#if defined(__GLIBC__)
    const void *end = sbrk(0);
    /* An allocator that stands before glibc's may never move it. */
    for (size_t count = MIB(4) / SMALLEST; count > 0 && sbrk(0) == end; count--)
        opaque(malloc(SMALLEST));
#endif
}

void families_mix(const char *from, const char *to) {
    theirs.family = present(from);
    if (theirs.family->allocate == NULL)
        probe_lacking(from, "only releases");
    struct python_family *target = present(to);
    ours.family = target->allocate != NULL ? target : python_family("malloc");
    fill_holes(ours.family);
    fill_holes(theirs.family);
    take(&ours, neighbours());
    void *control = take_one(theirs.family, 0);
    take(&theirs, neighbours());
    void *victim = take_between(&theirs);
    take(&theirs, neighbours());
    fill_keeper(ours.family);
    fill_keeper(theirs.family);

    STAGE("freeing");
    target->release(victim);
    STAGE("later");

    theirs.family->release(control);
    take(&theirs, later());
    take(&ours, later());
    if (!is_whole(&theirs) || !is_whole(&ours)) {
        FACT("outcome", "corrupted");
        return;
    }
    bool leaked = is_gone(control) && !is_gone(victim);
    release_all(&theirs);
    release_all(&ours);
    collect();
    FACT("outcome", leaked ? "leaked" : "silent");
}

void families_call(const char *name) {
    struct python_family *family = present(name);
    STAGE("calling");
    family->release(take_one(family, 1));
    FACT("outcome", "silent");
}
