/*---
title     = "a block of one C runtime's malloc, resized by another one's realloc"
norm      = "record"
source    = ["Microsoft C++ documentation: Potential errors passing CRT objects across DLL boundaries"]
fault     = { none = "the reference allocator is no C runtime of Windows" }
needs     = []
load      = "dlopen"
platforms = ["windows"]
variants  = ["24", "4096", "1048576"]
---*/
#include "probe.h"

PROBE {
    struct family from, to;
    family_open(&from, probe_setting("ALLOCHECK_FROM"));
    family_open(&to, probe_setting("ALLOCHECK_TO"));
    size_t size = probe_variant_number(24);
    unsigned char *block = (from.malloc)(size);
    CHECK(block != NULL, "malloc(%zu) returned NULL", size);
    fill(block, size, 1);
    STAGE("calling");
    unsigned char *moved = (to.realloc)(block, 2 * size);
    STAGE("later");
    if (moved == NULL)
        FACT("outcome", "refused");
    else
        FACT("outcome", first_unlike_fill(moved, size, 1) == size ? "silent" : "corrupted");
}
