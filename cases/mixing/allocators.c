/*---
title    = "a block of one allocator, released by another one's free"
norm     = "record"
source   = ["C17 7.22.3.3p2: the behaviour is undefined", "POSIX.1-2024 free"]
fault    = "free-leaks"
needs    = []
load     = "dlopen"
process  = "fork"
aslr     = "off"
variants = ["24", "4096", "1048576"]
---*/
#include "probe.h"

/* The block is the first that its owner hands out; live blocks of both families stand behind it, and many are taken after
 * it was given to the wrong free. What is wrong with a heap then shows as overlap, as a changed neighbour, or as a death. */
enum { NEIGHBOURS = 32, MOST_LATER = 8192, FILLED_MOST = 512, LOOKS = 5, LOOK_MS = 15 };

static struct family from, to;
static size_t size;
/* Of a large block only the beginning is filled: the matrix has hundreds of cells. */
static size_t filled;

struct block {
    unsigned char *at;
    unsigned seed;
};

static struct block take(struct family *family, unsigned seed) {
    struct block block = {(family->malloc)(size), seed};
    if (block.at == NULL)
        probe_unobservable("malloc(%zu) returned NULL", size);
    fill(block.at, filled, seed);
    return block;
}

static bool is_whole(struct block block) { return first_unlike_fill(block.at, filled, block.seed) == filled; }

static bool all_whole(const struct block *blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!is_whole(blocks[i]))
            return false;
    return true;
}

/* Allocators that shuffle hand a small block out again late; large ones cost too much to take many of. */
static size_t later_count(void) { return size <= KIB(1) ? MOST_LATER : size <= KIB(64) ? 128 : 16; }

/* Later looks only give the allocator occasion to tidy up. */
static size_t look_count(void) { return size <= KIB(1) ? MOST_LATER / 8 : 16; }

/* Is the block left as it was, mapped and handed to nobody, after many more were taken? */
static bool stays_as_it_was(struct block block, struct block *later, size_t count) {
    bool handed_out = false;
    for (unsigned i = 0; i < count; i++) {
        later[i] = take(i % 2 == 0 ? &from : &to, 100 + i);
        handed_out |= overlaps(later[i].at, size, block.at, size);
    }
    return !handed_out && !witness_unmapped(block.at, size) && is_whole(block);
}

static void give_back(const struct block *blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        (*(i % 2 == 0 ? &from : &to)->free)(blocks[i].at);
}

PROBE {
    static struct block live[NEIGHBOURS], later[MOST_LATER];
    witness_begin();
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    probe_fork_here();
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    probe_fork_here();
    size = probe_variant_number(24);
    filled = size < FILLED_MOST ? size : FILLED_MOST;
    struct block victim = take(&from, 1000);
    for (unsigned i = 0; i < COUNT_OF(live); i++)
        live[i] = take(i % 2 == 0 ? &from : &to, i);

    STAGE("freeing");
    (to.free)(victim.at);
    STAGE("later");

    bool untouched = stays_as_it_was(victim, later, later_count());
    /* A block handed out twice was filled twice. */
    if (!all_whole(live, COUNT_OF(live)) || !all_whole(later, later_count())) {
        FACT("outcome", "corrupted");
        return;
    }
    give_back(later, later_count());
    give_back(live, COUNT_OF(live));
    /* Some allocators keep a freed block aside until its neighbours are free as well, as they are now. Some tidy their
     * caches by the clock, every 10 ms: they let go what has lain there since the last time, of large blocks one size at a
     * time. */
    for (unsigned look = 0; untouched && look < LOOKS; look++) {
        clock_skip(LOOK_MS);
        untouched = stays_as_it_was(victim, later, look_count());
        give_back(later, look_count());
    }
    FACT("outcome", untouched ? "leaked" : "silent");
}
