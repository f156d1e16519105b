/* What a process finds right after its first malloc: whose C runtime, which addresses, and how much data memory it has.
 * An allocator may map a great deal at its start and hardly use it (snmalloc 256 GiB, mimalloc 1 GiB), and RLIMIT_DATA
 * counts it. */
#include "start.h"

PROBE {
    void *volatile block = malloc(1);
    bool (*volatile code)(void) = forks;
    FACT("runtime", runtime_name());
    FACT("version", runtime_version());
    FACT("wine", wine_version());
    FACT("forks", forks() ? "yes" : "no");
    MEASURE("page", page_size());
    MEASURE("bits", sizeof block * 8);
    /* Where address space randomisation shows. */
    MEASURE("heap", (size_t)(uintptr_t)block);
    MEASURE("stack", (size_t)(uintptr_t)&block);
    MEASURE("code", (size_t)(uintptr_t)code);
    size_t data = data_kib();
    if (data > 0)
        MEASURE("data_kib", data);
    free(block);
}
