/*---
title     = "an errno that one C runtime sets, asked of another one"
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
    int *(*of_from)(void) = (int *(*)(void))family_need(&from, "_errno");
    int *(*of_to)(void) = (int *(*)(void))family_need(&to, "_errno");
    *of_to() = 0;
    *of_from() = ENOMEM;
    FACT("shared", *of_to() == ENOMEM ? "yes" : "no");
}
