/* The block is the first that its owner hands out; live blocks of both families stand behind it, and many are taken after
 * it was given to the wrong function. What is wrong with a heap then shows as overlap, as a changed neighbour, or as a
 * death. */
#include "pair.h"

enum { NEIGHBOURS = 32, MANY = 8192, MOST_LATER = MANY + 4 * NEIGHBOURS };
enum { FILLED_MOST = 512, VICTIM_SEED = 1000, LOOKS = 5, LOOK_MS = 15, CONTROLS = 8 };

struct pair pair;

static void *(*allocate_from)(size_t size);
static size_t size;
/* Of a large block only the beginning is filled: the matrix has thousands of cells. */
static size_t filled;

struct block {
    unsigned char *at;
    unsigned seed;
};

void pair_open(void) {
    witness_begin();
    family_open(&pair.from, probe_setting("ALLOCHECK_FROM"));
    probe_fork_here();
    family_open(&pair.to, probe_setting("ALLOCHECK_TO"));
    probe_fork_here();
}

static struct block filled_block(unsigned char *at, unsigned seed) {
    if (at == NULL)
        probe_unobservable("no memory for a block of %zu", size);
    fill(at, filled, seed);
    return (struct block){at, seed};
}

/* One of the families in turn. */
static struct block take(unsigned turn, unsigned seed) {
    return filled_block(turn % 2 == 0 ? allocate_from(size) : (pair.to.malloc)(size), seed);
}

static bool is_whole(struct block block) { return first_unlike_fill(block.at, filled, block.seed) == filled; }

static bool all_whole(const struct block *blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!is_whole(blocks[i]))
            return false;
    return true;
}

/* Some allocators write all of what calloc gives. */
static size_t neighbour_count(void) { return size <= MIB(1) ? NEIGHBOURS : 4; }

/* Allocators that shuffle hand a small block out again late; large ones cost too much to take many of. */
static size_t later_count(void) {
    return size <= KIB(1) ? MANY : size <= KIB(64) ? 128 : size <= MIB(1) ? 16 : 4;
}

/* More than were given back: a heap of Windows comes back to a block after all that were freed with it. Of large ones the
 * looks only give the allocator occasion to tidy up. */
static size_t look_count(void) { return size <= KIB(64) ? later_count() + 4 * NEIGHBOURS : size <= MIB(1) ? 16 : 4; }

static void take_many(struct block *later, size_t count) {
    for (unsigned i = 0; i < count; i++)
        later[i] = take(i, 100 + i);
}

/* Is the released block among those that were handed out since, or unmapped? */
static bool is_gone(struct block block, const struct block *later, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (overlaps(later[i].at, size, block.at, size))
            return true;
    return witness_unmapped(block.at, size);
}

static bool is_untouched(struct block block, const struct block *later, size_t count) {
    return !is_gone(block, later, count) && is_whole(block);
}

static void give_back(const struct block *blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        (i % 2 == 0 ? pair.from.free : pair.to.free)(blocks[i].at);
}

/* Some allocators keep a freed block aside until its neighbours are free as well, as they are now. Some tidy their caches
 * by the clock, every 10 ms: they let go what has lain there since the last time, of large blocks one size at a time.
 * A block is lost only where one of those that their owner has back is used again. */
static const char *outcome_for_good(struct block victim, const struct block *controls, struct block *later) {
    bool any_gone = false;
    for (unsigned look = 0; look < LOOKS; look++) {
        clock_skip(LOOK_MS);
        take_many(later, look_count());
        if (!is_untouched(victim, later, look_count()))
            return "silent";
        for (size_t i = 0; i < CONTROLS && !any_gone; i++)
            any_gone = is_gone(controls[i], later, look_count());
        give_back(later, look_count());
    }
    if (!any_gone)
        probe_unobservable("a block of %zu that its own free released is not used again either", size);
    return "leaked";
}

static const char *outcome_after(struct block victim, const struct block *live) {
    static struct block later[MOST_LATER];
    take_many(later, later_count());
    bool untouched = is_untouched(victim, later, later_count());
    /* A block handed out twice was filled twice. */
    if (!all_whole(live, neighbour_count()) || !all_whole(later, later_count()))
        return "corrupted";
    give_back(later, later_count());
    give_back(live, neighbour_count());
    /* Its owner's, and not all near the victim: in the low-fragmentation heap a lost block holds those beside it. */
    struct block controls[CONTROLS];
    for (size_t i = 0; i < CONTROLS; i++)
        controls[i] = later[later_count() * i / CONTROLS / 2 * 2];
    return untouched ? outcome_for_good(victim, controls, later) : "silent";
}

const char *pair_release(void *block) {
    (pair.to.free)(block);
    return NULL;
}

const char *pair_resize(void *block) {
    void *moved = (pair.to.realloc)(block, 2 * size);
    STAGE("later");
    if (moved == NULL)
        return "refused";
    if (first_unlike_fill(moved, filled, VICTIM_SEED) != filled)
        return "corrupted";
    (pair.to.free)(moved);
    return NULL;
}

/* A heap of Windows serves the first blocks of a size from elsewhere than all that follow (low-fragmentation heap): the
 * question is about those. */
static void warm_up(void) {
#if defined(_WIN32)
    void *blocks[NEIGHBOURS];
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = allocate_from(size);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        (pair.from.free)(blocks[i]);
#endif
}

void pair_mix(size_t bytes, void *(*allocate)(size_t size), const char *(*give)(void *block)) {
    static struct block live[NEIGHBOURS];
    allocate_from = allocate;
    size = bytes;
    filled = size < FILLED_MOST ? size : FILLED_MOST;
    warm_up();
    struct block victim = filled_block(allocate(size), VICTIM_SEED);
    for (unsigned i = 0; i < neighbour_count(); i++)
        live[i] = take(i, i);
    STAGE("freeing");
    const char *outcome = give(victim.at);
    STAGE("later");
    FACT("outcome", outcome != NULL ? outcome : outcome_after(victim, live));
}
