/* What is wrong with a heap shows as an overlap, as a changed neighbour, or as a death in a later call. */
#include "aftermath.h"

enum { BEFORE = 16, AFTER_AT_LEAST = 64, AFTER_AT_MOST = 8000, VICTIM_SEED = 1 << 20 };

/* Each is filled with bytes of its own, so blocks that overlap cannot both be as they were filled. */
struct taken {
    void *blocks[BEFORE + AFTER_AT_MOST];
    size_t count;
    unsigned seed;
};

static struct taken from_malloc, from_owner = {.seed = BEFORE + AFTER_AT_MOST};
static size_t block_size, filled;
static void *victim;
static size_t victim_size;

/* Of a large block the beginning says enough. */
static size_t beginning(size_t size) { return size < KIB(4) ? size : KIB(4); }

static void take(struct taken *taken, void *(*allocate)(size_t size), size_t count) {
    for (; count > 0; count--, taken->count++) {
        void *block = allocate(block_size);
        if (block == NULL)
            probe_unobservable("no memory for a block of %zu", block_size);
        fill(block, filled, taken->seed + (unsigned)taken->count);
        taken->blocks[taken->count] = block;
    }
}

/* So many that a free list is used up: what is wrong with it shows when it is. */
static size_t count_after(void) {
    size_t after = KIB(128) / block_size;
    return after < AFTER_AT_LEAST ? AFTER_AT_LEAST : after < AFTER_AT_MOST ? after : AFTER_AT_MOST;
}

static bool all_whole(const struct taken *taken) {
    for (size_t i = 0; i < taken->count; i++)
        if (first_unlike_fill(taken->blocks[i], filled, taken->seed + (unsigned)i) != filled)
            return false;
    return true;
}

static bool hands_out_victim(const struct taken *taken) {
    for (size_t i = 0; i < taken->count; i++)
        if (overlaps(taken->blocks[i], block_size, victim, victim_size))
            return true;
    return false;
}

static bool victim_is_whole(void) {
    struct pages pages = witness_pages(victim, victim_size);
    size_t n = beginning(victim_size);
    return pages.unmapped == 0 && first_unlike_fill(victim, n, VICTIM_SEED) == n;
}

void aftermath_begin(size_t size) {
    block_size = size;
    filled = beginning(size);
    take(&from_malloc, under_test.malloc, BEFORE);
}

void aftermath_victim(void *block, size_t size) {
    witness_begin();
    victim = block;
    victim_size = size;
    fill(victim, beginning(size), VICTIM_SEED);
}

const char *aftermath(void) {
    take(&from_malloc, under_test.malloc, count_after());
    if (!all_whole(&from_malloc) || !all_whole(&from_owner))
        return "corrupted";
    for (size_t i = 0; i < from_malloc.count; i++)
        free(from_malloc.blocks[i]);
    return "silent";
}

const char *aftermath_of_victim(void *(*allocate)(size_t size)) {
    take(&from_owner, allocate, count_after());
    const char *word = aftermath();
    bool kept = victim_is_whole() && !hands_out_victim(&from_owner) && !hands_out_victim(&from_malloc);
    return strcmp(word, "silent") == 0 && kept ? "leaked" : word;
}
