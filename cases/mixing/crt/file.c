/*---
title     = "a FILE that one C runtime opened, written to or closed by another one"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
core      = false
waits     = true
limits    = { hang_s = 10 }
platforms = ["windows"]
variants  = ["fputs", "fclose"]
---*/
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

#include "probe.h"

static struct family from, to;
static const char text[] = "some text";

static void *(*open)(const char *path, const char *mode);
static int (*close)(void *file);
static int (*put)(const char *text, void *file); /* the other's */
static void (*rewind_to_start)(void *file);
static char *(*get)(char *line, int size, void *file);

static const char *write_to(void *file) {
    bool put_well = put(text, file) >= 0;
    STAGE("later");
    char line[sizeof text];
    rewind_to_start(file);
    bool there = get(line, sizeof line, file) != NULL && strcmp(line, text) == 0;
    bool closed = close(file) == 0;
    return !put_well || !closed ? "refused" : there ? "silent" : "corrupted";
}

static const char *close_by_other(void *file, const char *path) {
    int (*close_other)(void *) = (int (*)(void *))family_need(&to, "fclose");
    bool closed = close_other(file) == 0;
    STAGE("later");
    void *next = open(path, "w+");
    return !closed || next == NULL || close(next) != 0 ? "refused" : "silent";
}

static void find_functions(void) {
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    open = (void *(*)(const char *, const char *))family_need(&from, "fopen");
    close = (int (*)(void *))family_need(&from, "fclose");
    rewind_to_start = (void (*)(void *))family_need(&from, "rewind");
    get = (char *(*)(char *, int, void *))family_need(&from, "fgets");
    put = (int (*)(const char *, void *))family_need(&to, "fputs");
}

/* Each has a lock of its own kind in a FILE: taking another's may never end. */
PROBE {
    find_functions();
    char folder[MAX_PATH + 1], path[MAX_PATH + 1];
    bool named = GetTempPathA(sizeof folder, folder) != 0 && GetTempFileNameA(folder, "ach", 0, path) != 0;
    void *file = named ? open(path, "w+") : NULL;
    CHECK(file != NULL, "a temporary file cannot be opened");
    STAGE("calling");
    const char *outcome = strcmp(probe_variant(), "fclose") == 0 ? close_by_other(file, path) : write_to(file);
    DeleteFileA(path);
    FACT("outcome", outcome);
}
