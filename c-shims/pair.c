/* The block is the first that its owner hands out; live blocks of both families stand behind it, and many are taken after
 * it was given to the wrong function. What is wrong with a heap then shows as overlap, as a changed neighbour, or as a
 * death. */
#include "pair.h"

enum { NEIGHBOURS = 32, MOST_LATER = 8192, FILLED_MOST = 512, VICTIM_SEED = 1000, LOOKS = 5, LOOK_MS = 15 };

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

bool pair_holds_contents(const void *block) { return first_unlike_fill(block, filled, VICTIM_SEED) == filled; }

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
    return size <= KIB(1) ? MOST_LATER : size <= KIB(64) ? 128 : size <= MIB(1) ? 16 : 4;
}

/* Later looks only give the allocator occasion to tidy up. */
static size_t look_count(void) { return size <= KIB(1) ? MOST_LATER / 8 : size <= MIB(1) ? 16 : 4; }

/* Is the block left as it was, mapped and handed to nobody, after many more were taken? */
static bool stays_as_it_was(struct block block, struct block *later, size_t count) {
    bool handed_out = false;
    for (unsigned i = 0; i < count; i++) {
        later[i] = take(i, 100 + i);
        handed_out |= overlaps(later[i].at, size, block.at, size);
    }
    return !handed_out && !witness_unmapped(block.at, size) && is_whole(block);
}

static void give_back(const struct block *blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        (i % 2 == 0 ? pair.from.free : pair.to.free)(blocks[i].at);
}

/* Some allocators keep a freed block aside until its neighbours are free as well, as they are now. Some tidy their caches
 * by the clock, every 10 ms: they let go what has lain there since the last time, of large blocks one size at a time. */
static bool stays_for_good(struct block block, struct block *later) {
    bool untouched = true;
    for (unsigned look = 0; untouched && look < LOOKS; look++) {
        clock_skip(LOOK_MS);
        untouched = stays_as_it_was(block, later, look_count());
        give_back(later, look_count());
    }
    return untouched;
}

static const char *outcome_after(struct block victim, const struct block *live) {
    static struct block later[MOST_LATER];
    bool untouched = stays_as_it_was(victim, later, later_count());
    /* A block handed out twice was filled twice. */
    if (!all_whole(live, neighbour_count()) || !all_whole(later, later_count()))
        return "corrupted";
    give_back(later, later_count());
    give_back(live, neighbour_count());
    return untouched && stays_for_good(victim, later) ? "leaked" : "silent";
}

void pair_mix(size_t bytes, void *(*allocate)(size_t size), const char *(*give)(void *block)) {
    static struct block live[NEIGHBOURS];
    allocate_from = allocate;
    size = bytes;
    filled = size < FILLED_MOST ? size : FILLED_MOST;
    struct block victim = filled_block(allocate(size), VICTIM_SEED);
    for (unsigned i = 0; i < neighbour_count(); i++)
        live[i] = take(i, i);
    STAGE("freeing");
    const char *outcome = give(victim.at);
    STAGE("later");
    FACT("outcome", outcome != NULL ? outcome : outcome_after(victim, live));
}
