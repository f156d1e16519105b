/* Every way in which a probe can end, one per variant. */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "probe.h"

static void returned(void) { FACT("came", "to-its-end"); }
static void violated(void) { CHECK(page_size() == 0, "a page has %zu bytes", page_size()); }
static void unobservable(void) { probe_unobservable("nobody can see it"); }

/* ---- Exit statuses that the report does not bear out ---------------------------------------------------------- */

static void exit_0(void) { _exit(0); }
static void exit_1(void) { _exit(1); }
static void exit_3(void) { _exit(3); }
static void exit_7(void) { _exit(7); }
static void exit_127(void) { _exit(127); }
static void becomes_another_program(void) { execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL); }

static void close_everything(void) {
    for (int descriptor = 0; descriptor < 1024; descriptor++)
        close(descriptor);
}

/* ---- Deaths --------------------------------------------------------------------------------------------------- */

static void segv(void) { *(volatile int *)opaque(NULL) = 1; }
static void bus(void) { raise(SIGBUS); }
static void fpe(void) { raise(SIGFPE); }
static void ill(void) { raise(SIGILL); }
static void trap(void) { raise(SIGTRAP); }
static void sigsys(void) { raise(SIGSYS); }
static void term(void) { raise(SIGTERM); }
static void killed(void) { raise(SIGKILL); }

static void aborts_with_message(void) {
    static const char text[] = "\n  free(): block 0x7ffc00ee at \033[31m4711 is bad \n and more\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) > 0)
        abort();
}

static int deeper(const volatile char *above) {
    volatile char here[KIB(4)] = {0};
    here[1] = *above;
    return *above == 1 ? 0 : deeper(here) + here[1];
}
static void stack_overflow(void) { FACT("came", deeper("") ? "back" : "home"); }

static void dies_after_violation_of_child(void) {
    CHECK(!in_child((void (*)(void *))violated, NULL), "the child's check held");
    abort();
}

/* ---- Hanging, and what only looks like it ---------------------------------------------------------------------- */

static void spins(void) {
    for (volatile unsigned turn = 0;; turn++)
        ;
}
static void sleeps(void) {
    for (;;)
        pause();
}
static void stops(void) { raise(SIGSTOP); }
static void closes_everything_and_sleeps(void) {
    close_everything();
    sleeps();
}
static void slow_but_ticking(void) {
    for (int i = 0; i < 30; i++) {
        sleep_ms(100);
        probe_tick();
    }
}

/* ---- Too much of everything -------------------------------------------------------------------------------------- */

static void write_all(int descriptor, size_t n) {
    static char text[KIB(4)];
    memset(text, 'x', sizeof text);
    while (n > 0) {
        ssize_t written = write(descriptor, text, n < sizeof text ? n : sizeof text);
        n -= written > 0 ? (size_t)written : 0;
    }
}

static void floods_output(void) { write_all(STDOUT_FILENO, SIZE_MAX); }
static void floods_error(void) { write_all(STDERR_FILENO, SIZE_MAX); }
static void floods_report(void) {
    for (;;)
        STAGE("on-and-on");
}
static void a_byte_too_much(void) { write_all(STDOUT_FILENO, MIB(1) + 1); }
static void just_enough(void) { write_all(STDOUT_FILENO, MIB(1)); }

static void eats_memory(void) {
    size_t mib = 0;
    for (char *block; (block = malloc(MIB(1))) != NULL; mib++)
        fill(block, MIB(1), 1);
    MEASURE("mib", mib);
}

#define VARIANT(name) {#name, name}
static const struct {
    const char *name;
    void (*body)(void);
} variants[] = {
    VARIANT(returned),
    VARIANT(violated),
    VARIANT(unobservable),
    VARIANT(exit_0),
    VARIANT(exit_1),
    VARIANT(exit_3),
    VARIANT(exit_7),
    VARIANT(exit_127),
    VARIANT(becomes_another_program),
    VARIANT(close_everything),
    VARIANT(segv),
    VARIANT(bus),
    VARIANT(fpe),
    VARIANT(ill),
    VARIANT(trap),
    VARIANT(sigsys),
    VARIANT(term),
    VARIANT(killed),
    VARIANT(aborts_with_message),
    VARIANT(stack_overflow),
    VARIANT(dies_after_violation_of_child),
    VARIANT(spins),
    VARIANT(sleeps),
    VARIANT(stops),
    VARIANT(closes_everything_and_sleeps),
    VARIANT(slow_but_ticking),
    VARIANT(floods_output),
    VARIANT(floods_error),
    VARIANT(floods_report),
    VARIANT(a_byte_too_much),
    VARIANT(just_enough),
    VARIANT(eats_memory),
};

PROBE {
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        if (strcmp(variants[i].name, probe_variant()) == 0) {
            variants[i].body();
            return;
        }
    probe_unobservable("there is no variant %s", probe_variant());
}
