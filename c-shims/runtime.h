/* runtime.h - what the runtime's own files ask of one another. Rules include probe.h only. */
#ifndef ALLOCHECK_RUNTIME_H
#define ALLOCHECK_RUNTIME_H

#include "probe.h"

/* Exit statuses of a probe. 0 and 1 are for people; the harness believes the report. */
enum { STATUS_DONE = 0, STATUS_VIOLATED = 1, STATUS_NOT_ASKED = 3 };

/* Writes one report line, whole. */
void probe_report(const char *kind, const char *text);

/* A report line that ends in a number. */
void probe_report_number(const char *kind, intmax_t number);
/* `ended PROCESS HOW NUMBER`: see probe_fork_here. */
void probe_report_end(intmax_t process, const char *how, intmax_t number);
/* Puts `NAME=VALUE`, which must stay, above the environment; at a greater depth, above that of a smaller. */
enum { GIVEN_MOST = 2 };
void probe_give(size_t depth, const char *setting);

/* load_*: fills `family` with what the process' own calls bind to. `expect` is the path of the module that must answer
 * malloc, "native" for the platform's C runtime, "" for whoever answers; ends the probe (`not-loaded`) otherwise. */
void family_of_process(struct family *family, const char *expect);
/* load_*: ends the probe (`lacking`) if one of the functions, separated by commas, is not provided. */
void family_require(const struct family *family, const char *names);
/* load_*: a function or an object of this name in any module of the process, or in this library, which is loaded for it;
 * NULL if there is none. */
void *symbol_of_process(const char *name);
void *symbol_of_library(const char *library, const char *name);

/* system_*: what comes before all else (on Windows, how a death is told); the descriptor of the report, the clock, the way out that runs no destructors. */
void system_begin(void);
void system_report(const char *line, size_t length);
uint64_t system_milliseconds(void);
_Noreturn void system_exit(int status);
/* In a child that in_child() had to start anew (Windows): does its step, and ends. Elsewhere it returns. */
void system_be_child(void);

#endif
