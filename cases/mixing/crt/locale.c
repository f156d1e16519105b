/*---
title     = "a locale that one C runtime sets, asked of another one"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
---*/
#include "probe.h"

enum { ALL = 0 /* LC_ALL */ };

PROBE {
    struct family from, to;
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    char *(*set)(int, const char *) = (char *(*)(int, const char *))family_need(&from, "setlocale");
    char *(*get)(int, const char *) = (char *(*)(int, const char *))family_need(&to, "setlocale");
    if (set(ALL, "English_United States.1252") == NULL)
        probe_unobservable("setlocale does not take English_United States.1252");
    const char *seen = get(ALL, NULL);
    FACT("shared", seen != NULL && strcmp(seen, "C") != 0 ? "yes" : "no");
}
