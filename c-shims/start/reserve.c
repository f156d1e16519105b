/* How much data memory a process has right after its first malloc: an allocator may map a great deal at its start and
 * hardly use it (snmalloc 256 GiB, mimalloc 1 GiB), and RLIMIT_DATA counts it. */
#include "probe.h"

#include <fcntl.h>
#include <unistd.h>

PROBE {
    static char status[KIB(8)];
    static const char name[] = "VmData:";
    void *volatile block = malloc(1);
    free(block);
    int descriptor = open("/proc/self/status", O_RDONLY);
    ssize_t length = descriptor < 0 ? -1 : read(descriptor, status, sizeof status - 1);
    const char *at = length < 0 ? NULL : strstr(status, name);
    if (at != NULL)
        MEASURE("kib", (size_t)strtoul(at + sizeof name - 1, NULL, 10));
}
