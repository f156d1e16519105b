/* Questions about memory that is given back: portable, by way of the witnesses. */
#include "release.h"

void write_pages(void *p, size_t n) {
    volatile unsigned char *byte = p;
    for (size_t i = 0; i < n; i += page_size())
        byte[i] = 1;
    byte[n - 1] = 1;
}

struct pages believed(struct pages pages) {
    if (pages.unknown > 0)
        probe_unobservable("nothing here tells whether %zu of %zu pages went", pages.unknown, pages.total);
    return pages;
}

/* ---- Many blocks ----------------------------------------------------------------------------------------------- */

void have_blocks(void **blocks, size_t count, size_t size) {
    for (size_t i = 0; i < count; i++) {
        blocks[i] = malloc(size);
        CHECK(blocks[i] != NULL, "malloc(%zu) returned NULL after %zu blocks", size, i);
        write_pages(blocks[i], size);
    }
    witness_settle();
}

void free_blocks(void **blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(blocks[i]);
}

/* Shell's sort. qsort may allocate, and that alone makes some allocators give memory back. */
static void sort(void **value, size_t count) {
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap, at; i < count; i++) {
            void *held = value[i];
            for (at = i; at >= gap && (uintptr_t)value[at - gap] > (uintptr_t)held; at -= gap)
                value[at] = value[at - gap];
            value[at] = held;
        }
    }
}

const char *share_resident(void **blocks, size_t count, size_t size) {
    size_t total = 0, resident = 0, page = page_size();
    sort(blocks, count);
    for (size_t i = 0, next; i < count; i = next) {
        uintptr_t first = (uintptr_t)blocks[i], end = first + size;
        for (next = i + 1; next < count && (uintptr_t)blocks[next] / page <= (end - 1) / page + 1; next++)
            end = (uintptr_t)blocks[next] + size;
        struct pages run = believed(witness_pages((void *)first, end - first));
        total += run.total;
        resident += run.resident;
    }
    return resident * 100 >= total * 40 ? "most" : resident * 100 >= total * 5 ? "some" : "none";
}

/* ---- The search for the threshold ----------------------------------------------------------------------------
 *
 * A heap's history moves the figure, so a size is asked of a child that was forked for it and ends with the answer. The
 * heap is prepared in the child, not before: a heap that lived through a fork lies in mappings of its own, which new
 * memory does not join, and then mremap cannot trim it as it could in a fresh process. */

enum {
    SPREAD = 64,  /* sizes checked on each side */
    TOGETHER = 4, /* of which one child is asked so many, in rising order */
    WRITTEN = 64, /* pages written in a block while searching; every one in the answer */
};

struct question {
    size_t size;
    bool every_page; /* write every page, not WRITTEN of them */
    struct pages pages;
    bool tail; /* what stayed is one piece at the end */
};

struct search {
    struct form form;
    void (*prepare)(void);
    size_t beside; /* a live block of so many bytes comes before; 0 is none */
    struct question questions[TOGETHER];
    size_t asked;
};

/* ---- One child ---------------------------------------------------------------------------------------------- */

static void write_some_pages(volatile unsigned char *p, size_t n) {
    size_t step = n / WRITTEN > page_size() ? n / WRITTEN : page_size();
    for (size_t i = 0; i < n; i += step)
        p[i] = 1;
    p[n - 1] = 1;
}

/* Is what stayed one piece at the block's end? */
static bool ends_in_tail(const unsigned char *p, struct pages pages) {
    size_t gone = pages.total - pages.resident;
    return gone > 0 && pages.resident > 0 &&
           witness_pages(p - (uintptr_t)p % page_size(), gone * page_size()).resident == 0;
}

static void ask(struct question *question, struct form form) {
    size_t n = question->size;
    void *p = form.allocate(n);
    if (p == NULL) { /* no block, nothing to give back */
        question->pages = (struct pages){.total = 1, .resident = 1};
        return;
    }
    question->every_page ? write_pages(p, n) : write_some_pages(p, n);
    witness_settle();
    form.release(p);
    question->pages = witness_pages(p, n);
    question->tail = ends_in_tail(p, question->pages);
}

static void ask_all(void *shared) {
    struct search *search = shared;
    search->prepare();
    if (search->beside > 0)
        CHECK(search->form.allocate(search->beside) != NULL, "no memory for a block of %zu", search->beside);
    for (size_t i = 0; i < search->asked; i++)
        ask(&search->questions[i], search->form);
}

static void put(struct search *search) {
    if (!in_child(ask_all, search)) {
        ask_all(search); /* dies of what the child died of, where it is seen */
        abort();
    }
    for (size_t i = 0; i < search->asked; i++)
        believed(search->questions[i].pages);
}

static bool all_went(const struct question *question) { return question->pages.resident == 0; }

static bool goes(struct search *search, size_t size, bool every_page) {
    search->questions[0] = (struct question){.size = size, .every_page = every_page};
    search->asked = 1;
    put(search);
    return all_went(&search->questions[0]);
}

/* ---- The search --------------------------------------------------------------------------------------------- */

static size_t smallest(struct search *search, bool every_page) {
    size_t stays = 0, went = THRESHOLD_LIMIT;
    while (went - stays > 1) {
        size_t middle = stays + (went - stays) / 2;
        *(goes(search, middle, every_page) ? &went : &stays) = middle;
    }
    return went;
}

static const char *fate_of_gone(struct pages pages) {
    pages.total -= pages.resident;
    pages.resident = 0;
    return pages.total > 0 ? fate_word(pages) : "resident";
}

static struct threshold find(struct search *search) {
    struct threshold found = {0};
    const struct question *asked = &search->questions[0];
    if (goes(search, THRESHOLD_LIMIT, false) || goes(search, THRESHOLD_LIMIT, true)) {
        found.bytes = smallest(search, false);
        if (!goes(search, found.bytes, true)) { /* a page stayed that the search did not write */
            found.bytes = smallest(search, true);
            goes(search, found.bytes, true);
        }
    } else {
        found.exception = asked->tail ? "all-but-tail" : "none";
    }
    found.fate = fate_of_gone(asked->pages);
    return found;
}

/* ---- The check ---------------------------------------------------------------------------------------------- */

/* Does a block of this size go, or stay, as it should? A surprise counts if it repeats with every page written. */
static bool does(struct search *search, bool go, size_t size) {
    return goes(search, size, false) == go || goes(search, size, true) == go;
}

/* Asks together, and of a fresh child what does not do as it should: the later ones of a child are in a heap with a
 * history. */
static bool all_do(struct search *search, bool go, const size_t *sizes, size_t step) {
    size_t surprises[TOGETHER], surprised = 0;
    search->asked = TOGETHER;
    for (size_t i = 0; i < TOGETHER; i++)
        search->questions[i] = (struct question){.size = sizes[i * step]};
    put(search);
    for (size_t i = 0; i < TOGETHER; i++)
        if (all_went(&search->questions[i]) != go)
            surprises[surprised++] = search->questions[i].size;
    for (size_t i = 0; i < surprised; i++)
        if (!does(search, go, surprises[i]))
            return false;
    return true;
}

/* The largest n with n * n <= low * high. */
static size_t geometric_mean(size_t low, size_t high) {
    size_t mean = low, above = high + 1;
    while (above - mean > 1) {
        size_t middle = mean + (above - mean) / 2;
        *((uint64_t)middle * middle <= (uint64_t)low * high ? &mean : &above) = middle;
    }
    return mean;
}

/* Sizes of [low, high) in equal ratios, rising. */
static void spread(size_t low, size_t high, size_t *sizes, size_t count) {
    size_t half = count / 2;
    if (count == 0)
        return;
    sizes[half] = geometric_mean(low, high);
    spread(low, sizes[half], sizes, half);
    spread(sizes[half], high, sizes + half + 1, count - half - 1);
}

static bool all_between_do(struct search *search, bool go, size_t low, size_t high) {
    size_t sizes[SPREAD], step = SPREAD / TOGETHER;
    if (low >= high)
        return true;
    spread(low, high, sizes, SPREAD);
    for (size_t i = 0; i < step; i++)
        if (!all_do(search, go, sizes + i, step))
            return false;
    return true;
}

/* Windows keeps blocks of its own in the process heap, as many as paths and the environment ask for: what moves with them
 * is no size of the allocator. */
static bool holds_beside_others(struct search *search, size_t bytes) {
#if defined(_WIN32)
    search->beside = 5000;
    bool holds = does(search, true, bytes) && (bytes == 1 || does(search, false, bytes - 1));
    search->beside = 0;
    return holds;
#else
    (void)search, (void)bytes;
    return true;
#endif
}

static bool is_monotone(struct search *search, size_t bytes) {
    if (!holds_beside_others(search, bytes))
        return false;
    const size_t distances[] = {1, 16, page_size(), 16 * page_size()};
    for (size_t i = 0; i < COUNT_OF(distances); i++) {
        size_t distance = distances[i];
        if (bytes + distance <= THRESHOLD_LIMIT && !does(search, true, bytes + distance))
            return false;
        if (bytes > distance + 1 && !does(search, false, bytes - 1 - distance))
            return false;
    }
    return all_between_do(search, false, 1, bytes) && all_between_do(search, true, bytes, THRESHOLD_LIMIT);
}

/* ---- From outside ------------------------------------------------------------------------------------------- */

static struct search *begin(struct form form, void (*prepare)(void)) {
    struct search *search = system_pages(sizeof *search);
    search->form = form;
    search->prepare = prepare;
    return search;
}

struct threshold threshold_find(struct form form, void (*prepare)(void)) { return find(begin(form, prepare)); }

struct threshold threshold_find_and_check(struct form form, void (*prepare)(void)) {
    struct search *search = begin(form, prepare);
    struct threshold found = find(search);
    bool monotone = found.exception == NULL ? is_monotone(search, found.bytes)
                                            : all_between_do(search, false, 1, THRESHOLD_LIMIT);
    if (!monotone)
        found = (struct threshold){.exception = "not-monotone", .fate = found.fate};
    return found;
}
