/* What bump.c depends on, if it is built with DEPENDS. */
#include <stddef.h>

char *arena_of(size_t size) {
    static char arena[64 << 20];
    return size <= sizeof arena ? arena : NULL;
}
