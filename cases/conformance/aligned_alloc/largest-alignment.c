/*---
title   = "up to which alignment does aligned_alloc give a block?"
norm    = "record"
source  = ["C17 6.2.8p3: extended alignments are implementation-defined"]
fault   = "aligned-alloc-misaligned-beyond-page"
needs   = ["aligned_alloc", "free"]
---*/
#include "probe.h"

PROBE {
    size_t largest = 0;
    bool aligned = true, gap = false;
    for (size_t alignment = 1; alignment <= MIB(64); alignment *= 2) {
        void *p = aligned_alloc(alignment, alignment);
        if (p != NULL) {
            gap = gap || (largest != 0 && largest != alignment / 2);
            largest = alignment;
        }
        aligned = aligned && is_aligned(p, alignment);
        free(p);
        probe_tick();
    }
    size_t page = page_size();
    FACT("up-to", largest == MIB(64) ? "64-mib" : largest > page ? "beyond-page" : largest == page ? "page" : "less");
    FACT("gaps", gap ? "yes" : "no");
    FACT("aligned", aligned ? "always" : "not-always");
}
