/*---
title     = "a variable that one C runtime's _putenv sets, asked of another one's getenv"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
---*/
#include "probe.h"

/* getenv in a runtime looks at a copy that it made at its start; _putenv tells the system as well. */
PROBE {
    struct family from, to;
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    int (*set)(const char *) = (int (*)(const char *))family_need(&from, "_putenv");
    char *(*get)(const char *) = (char *(*)(const char *))family_need(&to, "getenv");
    CHECK(set("ALLOCHECK_CROSSING=there") == 0, "_putenv failed");
    FACT("shared", get("ALLOCHECK_CROSSING") != NULL ? "yes" : "no");
}
