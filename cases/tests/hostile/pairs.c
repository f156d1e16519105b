/* A program whose copies for a partner make those for the variants, and what ends them. */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "probe.h"

static bool is(const char *word, const char *wanted) { return strcmp(word, wanted) == 0; }

PROBE {
    probe_fork_here();
    const char *partner = probe_setting("ALLOCHECK_TO");
    FACT("partner", partner);
    if (is(partner, "dies"))
        raise(SIGKILL);
    if (is(partner, "hangs"))
        for (;;)
            pause();
    probe_fork_here();
    if (is(probe_variant(), "kills")) {
        kill(getppid(), SIGKILL);
        for (;;)
            pause();
    }
    FACT("variant", probe_variant());
}
