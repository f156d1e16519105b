/*---
title     = "a FILE that one C runtime opened, closed by another one"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
core      = false
waits     = true
limits    = { hang_s = 10 }
platforms = ["windows"]
---*/
#include "probe.h"

/* Each has a lock of its own kind in a FILE: taking another's may never end. */
PROBE {
    struct family from, to;
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    void *(*open)(const char *, const char *) = (void *(*)(const char *, const char *))family_need(&from, "fopen");
    int (*close)(void *) = (int (*)(void *))family_need(&to, "fclose");
    void *file = open("NUL", "w");
    CHECK(file != NULL, "fopen of NUL returned NULL");
    STAGE("calling");
    bool right = close(file) == 0;
    STAGE("later");
    void *next = open("NUL", "w");
    FACT("outcome", !right || next == NULL ? "refused" : "silent");
}
