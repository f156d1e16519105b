/*---
title     = "a string that one C runtime's _strdup made, released by another one's free"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
---*/
#include "probe.h"

PROBE {
    struct family from, to;
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    char *(*duplicate)(const char *) = (char *(*)(const char *))family_need(&from, "_strdup");
    static const char text[] = "a string of a few words, so that it is a small block";
    char *copy = duplicate(text);
    CHECK(copy != NULL, "_strdup returned NULL");
    STAGE("freeing");
    (to.free)(copy);
    STAGE("later");
    /* A block that its owner has back is handed out again sooner or later. */
    bool handed_out = false;
    for (size_t i = 0; i < 1000; i++)
        handed_out |= duplicate(text) == copy;
    FACT("outcome", handed_out ? "silent" : "leaked");
}
