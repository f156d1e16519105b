/* What is wrong with a heap shows as an overlap, as a changed neighbour, or as a death in a later call. */
#include "aftermath.h"

enum { BEFORE = 16, AFTER_AT_LEAST = 64, AFTER_AT_MOST = 8000, VICTIM_SEED = 1 << 20, LOOKS = 5, LOOK_MS = 15 };

/* Live blocks of one kind. Each is filled with bytes of its own, so blocks that overlap cannot both be as they were filled. */
struct kind {
    void *(*allocate)(size_t size);
    void (*release)(void *block);
    size_t size;
    unsigned seed;
    size_t count;
    void *blocks[BEFORE + AFTER_AT_MOST];
};

static struct kind ours, victims = {.seed = BEFORE + AFTER_AT_MOST};
static void *victim, *control;

/* Of a large block the beginning says enough. */
static size_t filled(size_t size) { return size < KIB(4) ? size : KIB(4); }

static void *take_one(struct kind *kind, unsigned seed) {
    void *block = kind->allocate(kind->size);
    if (block == NULL)
        probe_unobservable("no memory for a block of %zu", kind->size);
    fill(block, filled(kind->size), seed);
    return block;
}

static void take(struct kind *kind, size_t count) {
    for (; count > 0; count--, kind->count++)
        kind->blocks[kind->count] = take_one(kind, kind->seed + (unsigned)kind->count);
}

/* So many that a free list is used up: what is wrong with it shows when it is. */
static void take_after(struct kind *kind) {
    size_t after = KIB(128) / kind->size;
    take(kind, after < AFTER_AT_LEAST ? AFTER_AT_LEAST : after < AFTER_AT_MOST ? after : AFTER_AT_MOST);
}

static bool all_whole(const struct kind *kind) {
    for (size_t i = 0; i < kind->count; i++)
        if (first_unlike_fill(kind->blocks[i], filled(kind->size), kind->seed + (unsigned)i) != filled(kind->size))
            return false;
    return true;
}

static bool hands_out(const struct kind *kind, const void *block) {
    for (size_t i = 0; i < kind->count; i++)
        if (overlaps(kind->blocks[i], kind->size, block, victims.size))
            return true;
    return false;
}

/* Was the memory of this released block put to use again, or given back? */
static bool is_gone(const void *block) {
    return hands_out(&victims, block) || hands_out(&ours, block) || witness_unmapped(block, victims.size);
}

static void release_all(struct kind *kind) {
    for (size_t i = 0; i < kind->count; i++)
        kind->release(kind->blocks[i]);
}

void aftermath_begin(size_t size) {
    ours.allocate = under_test.malloc;
    ours.release = under_test.free;
    ours.size = size;
    take(&ours, BEFORE);
}

const char *aftermath(void) {
    take_after(&ours);
    if (!all_whole(&ours))
        return "corrupted";
    release_all(&ours);
    return "silent";
}

void aftermath_victim(void *block, size_t size, void *(*allocate)(size_t size), void (*release)(void *block)) {
    witness_begin();
    victims.allocate = allocate;
    victims.release = release;
    victims.size = size;
    victim = block;
    if (victim == NULL)
        probe_unobservable("no memory for a block of %zu", size);
    fill(victim, filled(size), VICTIM_SEED);
    control = take_one(&victims, VICTIM_SEED);
    take(&victims, BEFORE);
}

/* Some allocators tidy their caches by the clock, every 10 ms: they let go what has lain there since the last time, and of
 * large blocks one size at a time. */
static void let_caches_age(void) {
    for (unsigned look = 0; look < LOOKS; look++) {
        clock_skip(LOOK_MS);
        victims.count = ours.count = 0;
        take_after(&victims);
        take_after(&ours);
        release_all(&victims);
        release_all(&ours);
    }
}

const char *aftermath_of_victim(void) {
    victims.release(control);
    take_after(&victims);
    take_after(&ours);
    if (!all_whole(&victims) || !all_whole(&ours))
        return "corrupted";
    bool gone = is_gone(victim), leaked = is_gone(control) && !gone;
    release_all(&victims);
    release_all(&ours);
    if (!gone)
        let_caches_age();
    return leaked ? "leaked" : "silent";
}
