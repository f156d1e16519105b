/* Ways in which a probe can end on Windows and what it can leave, one per variant. */
#include <windows.h>

#include "probe.h"

static void returned(void) { FACT("came", "to-its-end"); }
static void violated(void) { CHECK(page_size() == 0, "a page has %zu bytes", page_size()); }

static void ends(UINT status) { TerminateProcess(GetCurrentProcess(), status); }
static void exit_0(void) { ends(0); }
static void exit_7(void) { ends(7); }
static void exit_minus_1(void) { ends((UINT)-1); }
static void heap_corruption(void) { ends(0xC0000374); }
static void of_no_name(void) { ends(0xC0001234); }
static void segv(void) { *(volatile int *)opaque(NULL) = 1; }
static void aborts(void) { abort(); }

static void hangs(void) { Sleep(INFINITE); }
static void spins(void) {
    for (volatile unsigned turn = 0;; turn++)
        ;
}
static void slow_but_ticking(void) {
    for (int i = 0; i < 30; i++) {
        sleep_ms(100);
        probe_tick();
    }
}

static void floods(HANDLE to) {
    static char text[KIB(4)];
    DWORD written;
    memset(text, 'x', sizeof text);
    while (WriteFile(to, text, sizeof text, &written, NULL))
        ;
}
static void floods_report(void) { floods(GetStdHandle(STD_OUTPUT_HANDLE)); }
static void floods_error(void) { floods(GetStdHandle(STD_ERROR_HANDLE)); }

static void eats_memory(void) {
    size_t mib = 0;
    while (VirtualAlloc(NULL, MIB(1), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) != NULL && mib < 1024)
        mib++;
    MEASURE("mib", mib);
}

/* Another of this program, which hangs and holds nothing of the report; its number is a measure. */
static void leaves_child(void) {
    char path[MAX_PATH];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    GetModuleFileNameA(NULL, path, sizeof path);
    SetEnvironmentVariableA("ALLOCHECK_VARIANT", "hangs");
    if (!CreateProcessA(path, NULL, NULL, NULL, FALSE, CREATE_NEW_PROCESS_GROUP, NULL, NULL, &start, &child))
        probe_unobservable("CreateProcess failed with %u", (unsigned)GetLastError());
    MEASURE("left", child.dwProcessId);
}
static void hangs_with_child(void) {
    leaves_child();
    hangs();
}

static const struct {
    const char *name;
    void (*body)(void);
} variants[] = {
#define VARIANT(name) {#name, name}
    VARIANT(returned), VARIANT(violated),         VARIANT(exit_0),        VARIANT(exit_7),       VARIANT(exit_minus_1),
    VARIANT(segv),     VARIANT(heap_corruption),  VARIANT(of_no_name),    VARIANT(aborts),       VARIANT(hangs),
    VARIANT(spins),    VARIANT(slow_but_ticking), VARIANT(floods_report), VARIANT(floods_error), VARIANT(eats_memory),
    VARIANT(leaves_child), VARIANT(hangs_with_child),
};

PROBE {
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        if (strcmp(variants[i].name, probe_variant()) == 0) {
            variants[i].body();
            return;
        }
    probe_unobservable("no variant %s", probe_variant());
}
