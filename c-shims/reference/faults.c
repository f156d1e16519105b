/* Which defect ALLOCHECK_FAULT chose. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "reference.h"

#include "faults.h"

#include <string.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <crt_externs.h>
#define environ (*_NSGetEnviron())
#endif

_Atomic int fault_chosen;

/* By hand, not by getenv: the first call may come before the C library's own constructors. */
static const char *setting(void) {
    static const char variable[] = "ALLOCHECK_FAULT=";
    for (char **entry = environ; *entry != NULL; entry++)
        if (strncmp(*entry, variable, sizeof variable - 1) == 0)
            return *entry + sizeof variable - 1;
    return "";
}

static int fault_named(const char *name) {
    if (*name == '\0')
        return NO_FAULT;
#define COMPARE(id, text)                                                                                             \
    if (strcmp(name, text) == 0)                                                                                      \
        return id;
    FAULTS(COMPARE)
#undef COMPARE
    die((const char *[]){"reference: ALLOCHECK_FAULT names no fault: ", name, NULL});
}

/* While there is no environment yet, there is no fault yet. */
int fault_read(void) {
    if (environ == NULL)
        return NO_FAULT;
    int chosen = fault_named(setting());
    atomic_store_explicit(&fault_chosen, chosen, memory_order_relaxed);
    return chosen;
}

/* All their names, separated by commas. */
EXPORT const char *reference_faults(void) {
#define NAME(id, text) "," text
    static const char names[] = FAULTS(NAME);
#undef NAME
    return names + 1;
}
