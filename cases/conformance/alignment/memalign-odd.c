/*---
title   = "what memalign does with an alignment that is no power of two"
norm    = "record"
source  = ["Linux man-pages memalign(3), NOTES"]
fault   = "memalign-rejects-odd"
needs   = ["memalign", "free"]
---*/
#include "probe.h"

enum { LIVE = 16 };

/* What memalign(odd, 100) does; `above` is the next power of two. */
static const char *answer(size_t odd, size_t above) {
    void *block[LIVE];
    bool all = true, rounded = true;
    int error = 0;
    for (size_t i = 0; i < LIVE; i++) {
        errno = 0;
        block[i] = memalign(odd, 100);
        if (block[i] == NULL)
            error = errno;
        all = all && block[i] != NULL;
        rounded = rounded && is_aligned(block[i], above);
    }
    for (size_t i = 0; i < LIVE; i++)
        free(block[i]);
    if (all)
        return rounded ? "rounded-up" : "lower";
    return error == EINVAL ? "refused-einval" : error == ENOMEM ? "refused-enomem" : "refused";
}

/* The manual page wants a power of two, and says that it may not be checked. */
PROBE {
    STAGE("zero");
    FACT("zero", answer(0, MAX_ALIGN));
    STAGE("of-24");
    FACT("of-24", answer(24, 32));
    STAGE("of-96");
    FACT("of-96", answer(96, 128));
    STAGE("of-three-pages");
    FACT("of-three-pages", answer(3 * page_size(), 4 * page_size()));
}
