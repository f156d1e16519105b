/*---
title    = "a block of one of C++'s operators or of malloc, released by another kind's function"
norm     = "record"
core     = false
source   = ["C++17 [new.delete.single] operator delete, Requires", "C++17 [new.delete.array] operator delete[], Requires",
            "C17 7.22.3.3p2: the behaviour is undefined"]
fault    = "overlap-mixed-families"
needs    = ["malloc", "realloc", "free"]
aslr     = "off"
variants = ["new->array delete 24", "new->array delete 1048576",
            "new->aligned delete 24", "new->aligned delete 1048576",
            "new->free 24", "new->free 1048576",
            "new->realloc 24", "new->realloc 1048576",
            "array new->delete 24", "array new->delete 1048576",
            "array new->free 24", "array new->free 1048576",
            "nothrow new->free 24", "nothrow new->free 1048576",
            "aligned new->delete 24", "aligned new->delete 1048576",
            "aligned new->sized delete 24", "aligned new->sized delete 1048576",
            "aligned new->free 24", "aligned new->free 1048576",
            "aligned new->realloc 24", "aligned new->realloc 1048576",
            "malloc->delete 24", "malloc->delete 1048576",
            "malloc->sized delete 24", "malloc->sized delete 1048576",
            "malloc->array delete 24", "malloc->array delete 1048576",
            "malloc->aligned delete 24", "malloc->aligned delete 1048576"]
---*/
#include "sized_delete.h"

#include "aftermath.h"

constexpr std::align_val_t ALIGNMENT{64};

static const struct allocation {
    const char *name;
    void *(*from)(size_t n);
    void (*back)(void *p);
} allocations[] = {
    {"new", [](size_t n) { return ::operator new(n); }, [](void *p) { ::operator delete(p); }},
    {"array new", [](size_t n) { return ::operator new[](n); }, [](void *p) { ::operator delete[](p); }},
    {"nothrow new", [](size_t n) { return ::operator new(n, std::nothrow); }, [](void *p) { ::operator delete(p); }},
    {"aligned new", [](size_t n) { return ::operator new(n, ALIGNMENT); }, [](void *p) { ::operator delete(p, ALIGNMENT); }},
    {"malloc", [](size_t n) { return malloc(n); }, [](void *p) { free(p); }},
};

static const struct release {
    const char *name;
    void (*to)(void *p, size_t n);
} releases[] = {
    {"delete", [](void *p, size_t) { ::operator delete(p); }},
    {"array delete", [](void *p, size_t) { ::operator delete[](p); }},
    {"sized delete", [](void *p, size_t n) { ::operator delete(p, n); }},
    {"aligned delete", [](void *p, size_t) { ::operator delete(p, ALIGNMENT); }},
    {"free", [](void *p, size_t) { free(p); }},
    {"realloc", [](void *p, size_t n) { free(realloc(p, 2 * n)); }},
};

/* The entry of a table whose name the word begins with, up to `end`. */
template <typename Entry, size_t count>
static const Entry *named(const Entry (&table)[count], const char *word, const char *end) {
    for (const Entry &entry : table)
        if (strlen(entry.name) == (size_t)(end - word) && strncmp(entry.name, word, (size_t)(end - word)) == 0)
            return &entry;
    probe_unobservable("no pair is called %s", word);
}

/* "new->free 24" */
PROBE {
    const char *pair = *probe_variant() != '\0' ? probe_variant() : "new->free 24";
    const char *arrow = strstr(pair, "->"), *space = strrchr(pair, ' ');
    const allocation *allocation = named(allocations, pair, arrow);
    const release *release = named(releases, arrow + 2, space);
    size_t n = strtoul(space, nullptr, 10);

    aftermath_begin(n);
    void *p = allocation->from(n);
    aftermath_victim(p, n, allocation->from, allocation->back);
    STAGE("freeing");
    release->to(p, n);
    STAGE("later");
    FACT("outcome", aftermath_of_victim());
}
