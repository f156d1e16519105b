/*---
title    = "does operator new call the new_handler, and again until that gives up?"
norm     = "record"
source   = ["C++17 [new.delete.single]p4: the default behaviour, not binding on replacements",
            "C++17 [basic.stc.dynamic.allocation]p3"]
fault    = "malloc-huge-succeeds"
needs    = []
variants = ["new", "array new", "nothrow new", "aligned new"]
---*/
#include <new>

#include "probe.h"

enum { PATIENCE = 3 };

static volatile int calls;

/* Gives up by leaving no handler behind. */
static void handler() {
    calls = calls + 1;
    if (calls == PATIENCE)
        std::set_new_handler(nullptr);
}

static void *block_of(size_t n) {
    const char *form = probe_variant();
    if (strcmp(form, "array new") == 0)
        return ::operator new[](n);
    if (strcmp(form, "nothrow new") == 0)
        return ::operator new(n, std::nothrow);
    if (strcmp(form, "aligned new") == 0)
        return ::operator new(n, std::align_val_t{64});
    return ::operator new(n);
}

static const char *end_of(size_t n) {
    try {
        void *volatile p = block_of(opaque_size(n));
        return p == nullptr ? "null" : "block";
    } catch (const std::bad_alloc &) {
        return "bad-alloc";
    } catch (...) {
        return "other-exception";
    }
}

PROBE {
    std::set_new_handler(handler);
    FACT("end", end_of((size_t)PTRDIFF_MAX + 1));
    FACT("handler", calls == 0 ? "not-called" : calls == 1 ? "called-once" : "called-until-it-gave-up");
}
