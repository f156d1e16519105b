/*---
title    = "blocks that pass between the program and a library, by how the library was opened"
norm     = "record"
core     = false
source   = ["Itanium C++ ABI 3.4 Demangler API: the result goes to free, a block that is too small to realloc",
            "dlopen(3) RTLD_DEEPBIND, dlmopen"]
fault    = "foreign-free-silent"
needs    = ["malloc", "realloc", "free"]
aslr     = "off"
limits   = { memory_mib = 524288 } # a second namespace brings a second copy of what reserves 256 GiB
platforms = ["linux"]
variants = ["local->free", "local->realloc", "malloc->local", "deepbind->free", "deepbind->realloc", "malloc->deepbind",
            "namespace->free", "namespace->realloc", "malloc->namespace"]
---*/
#define _GNU_SOURCE
#include <dlfcn.h>

#include "aftermath.h"

/* The C++ runtime stands for any library that shares blocks with its caller. Opened with RTLD_DEEPBIND, or into a namespace
 * of its own, it finds the C runtime's malloc and free before the program's. */
#define LIBRARY "libstdc++.so.6"
/* std::map<std::string, std::string> has a name of some length. */
#define MANGLED "St3mapINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEES5_St4lessIS5_ESaISt4pairIKS5_S5_EEE"

static char *(*demangle)(const char *mangled, char *block, size_t *size, int *status);

static bool is(const char *word) { return strstr(probe_variant(), word) != NULL; }

/* A block of the library's, always of one size. */
static void *by_library(size_t size) {
    int status;
    return demangle(MANGLED, NULL, &size, &status);
}

static size_t size_of_library_block(void) {
    size_t size = 0;
    int status;
    return demangle(MANGLED, NULL, &size, &status) != NULL ? size : 0;
}

#if defined(LM_ID_NEWLM)
static void *open_by_variant(void) {
    if (is("namespace"))
        return dlmopen(LM_ID_NEWLM, LIBRARY, RTLD_NOW | RTLD_LOCAL);
    return dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | (is("deepbind") ? RTLD_DEEPBIND : 0));
}
#else
static void *open_by_variant(void) { probe_unobservable("the dynamic linker has no RTLD_DEEPBIND and no namespaces"); }
#endif

/* Opens it and says where its blocks belong. */
static void (*open_library(void))(void *p) {
    bool before = dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD) != NULL;
    void *library = open_by_variant();
    if (library == NULL)
        probe_unobservable(LIBRARY " does not load: %s", dlerror());
    demangle = (char *(*)(const char *, char *, size_t *, int *))(uintptr_t)dlsym(library, "__cxa_demangle");
    /* What was loaded with the program is bound already, whatever dlopen is told. */
    FACT("loaded-before", before ? "yes" : "no");
    bool binds_apart = is("namespace") || (is("deepbind") && !before);
    return binds_apart ? (void (*)(void *))(uintptr_t)dlsym(library, "free") : under_test.free;
}

PROBE {
    void (*its_free)(void *) = open_library();
    size_t n = is("malloc->") ? 24 : size_of_library_block();
    int status;
    aftermath_begin(n);
    void *p = is("malloc->") ? malloc(n) : by_library(n);
    aftermath_victim(p, n, is("malloc->") ? under_test.malloc : by_library, is("malloc->") ? under_test.free : its_free);
    STAGE("freeing");
    if (is("malloc->"))
        demangle(MANGLED, p, &n, &status);
    else
        free(is("realloc") ? realloc(p, 2 * n) : p);
    STAGE("later");
    FACT("outcome", aftermath_of_victim());
}
