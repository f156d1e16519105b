/*---
title   = "free leaves errno alone where the system refuses to unmap the block"
norm    = "must"
source  = ["POSIX.1-2024 free"]
fault   = "free-large-clobbers-errno"
needs   = ["malloc", "free"]
platforms = ["linux"]
---*/
#define _DEFAULT_SOURCE
#include "probe.h"

#include <sys/mman.h>

enum { MARK = 12345, BLOCKS = 8, MAPPINGS = 70000 };

/* Pages of alternating protection, each a mapping of its own, until the process may have no more: vm.max_map_count. */
static void use_up_mappings(void) {
    size_t page = page_size();
    char *p = mmap(NULL, MAPPINGS * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 1; p != MAP_FAILED && i < MAPPINGS; i += 2) {
        if (mprotect(p + i * page, page, PROT_READ) != 0)
            return;
        if (i % 1024 == 1)
            probe_tick();
    }
    probe_unobservable("this system allows a process more than %d mappings", MAPPINGS);
}

/* Blocks mapped one beside another are one mapping to the system: to unmap one from the middle needs one more. */
PROBE {
    void *block[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        block[i] = malloc(MIB(1));
    use_up_mappings();
    for (size_t i = 1; i < BLOCKS; i += 2) {
        errno = MARK;
        free(block[i]);
        CHECK(errno == MARK, "free of the middle one of three blocks of %zu changed errno from %d to %d", MIB(1), MARK,
              errno);
    }
}
