/*---
title  = "can a running program load the allocator late, by dlopen?"
norm   = "record"
source = ["POSIX.1-2024 dlopen", "glibc manual, tunable glibc.rtld.optional_static_tls", "jemalloc#937", "mimalloc#147"]
fault  = { none = "whether a library loads late is decided by how it was linked, not by what its functions do" }
needs  = []
load   = "dlopen"
platforms = ["linux", "macos"]
---*/
#include "probe.h"

#include <dlfcn.h>

/* Plugins, Python extensions and JIT runtimes bring an allocator along this way. A library built for static TLS needs
 * room in every thread that is already running, and there may be none. */
PROBE {
    const char *path = probe_setting("ALLOCHECK_FROM");
    if (dlopen(path, RTLD_NOW | RTLD_LOCAL) == NULL) {
        FACT("dlopen", strstr(dlerror(), "static TLS") != NULL ? "no-static-tls" : "refused");
        return;
    }
    struct family family;
    family_open(&family, path);
    void *p = (family.malloc)(100);
    if (p != NULL)
        fill(p, 100, 1);
    (family.free)(p);
    FACT("dlopen", p != NULL ? "works" : "no-memory");
}
