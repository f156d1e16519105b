/* What fork, exit and wait cost alone: `forks` of them, and the milliseconds that they took. With ALLOCHECK_FROM and
 * ALLOCHECK_TO, of a process that has loaded this pair. */
#include <sys/wait.h>
#include <unistd.h>

#include "runtime.h"

PROBE {
    size_t forks = probe_variant_number(2000);
    static struct family from, to;
    if (*probe_setting("ALLOCHECK_FROM") != '\0') {
        family_open(&from, probe_setting("ALLOCHECK_FROM"));
        family_open(&to, probe_setting("ALLOCHECK_TO"));
    }
    uint64_t start = system_milliseconds();
    for (size_t i = 0; i < forks; i++) {
        pid_t child = fork();
        if (child < 0)
            probe_unobservable("fork failed with errno %d", errno);
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
    }
    MEASURE("ms", (size_t)(system_milliseconds() - start));
}
