/* What fork, exit and wait cost alone: `forks` of them, and the milliseconds that they took. */
#include <sys/wait.h>
#include <unistd.h>

#include "runtime.h"

PROBE {
    size_t forks = probe_variant_number(2000);
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
