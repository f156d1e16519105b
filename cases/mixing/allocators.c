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
enum { NEIGHBOURS = 16, LATER = 64 };

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

static bool any_overlap(const struct block *blocks, size_t count, struct block block) {
    for (size_t i = 0; i < count; i++)
        if (overlaps(blocks[i].at, size, block.at, size))
            return true;
    return false;
}

static bool is_unmapped(const void *p) {
    struct pages pages = witness_pages(p, size);
    return pages.unmapped == pages.total;
}

PROBE {
    static struct block live[2 * NEIGHBOURS], later[2 * LATER];
    witness_begin();
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    probe_fork_here();
    size = probe_variant_number(24);
    filled = size < KIB(4) ? size : KIB(4);
    struct block victim = take(&from, 1000);
    for (unsigned i = 0; i < COUNT_OF(live); i++)
        live[i] = take(i % 2 == 0 ? &from : &to, i);

    STAGE("freeing");
    (to.free)(victim.at);
    STAGE("later");

    bool gone = is_unmapped(victim.at);
    bool handed_out = false, doubled = false;
    for (unsigned i = 0; i < 2 * LATER; i++) {
        later[i] = take(i % 2 == 0 ? &from : &to, 100 + i);
        handed_out |= overlaps(later[i].at, size, victim.at, size);
        doubled |= any_overlap(later, i, later[i]) || any_overlap(live, COUNT_OF(live), later[i]);
        probe_tick();
    }
    bool corrupted = doubled || !all_whole(live, COUNT_OF(live)) || !all_whole(later, COUNT_OF(later));
    bool untouched = !gone && !handed_out && is_whole(victim);
    FACT("outcome", corrupted ? "corrupted" : NULL);
    if (corrupted)
        return;
    for (unsigned i = 0; i < COUNT_OF(later); i++)
        (*(i % 2 == 0 ? &from : &to)->free)(later[i].at);
    for (unsigned i = 0; i < COUNT_OF(live); i++)
        (*(i % 2 == 0 ? &from : &to)->free)(live[i].at);
    FACT("outcome", untouched ? "leaked" : "silent");
}
