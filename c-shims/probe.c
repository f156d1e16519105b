/* The runtime of a probe: report, checks, patterns. Portable C11; what differs by system is in load_*, system_* and
 * witness_*. */
#include "runtime.h"

#include <stdarg.h>


/* ---- Report ------------------------------------------------------------------------------------------------ */

/* A line is built on the stack and written at once: two threads never mix, and a death loses nothing. */
struct line {
    char text[1024];
    size_t length;
};

static void put_char(struct line *line, char c) {
    if (line->length < sizeof line->text - 1)
        line->text[line->length++] = c;
}

static void put_text(struct line *line, const char *text) {
    for (; *text; text++)
        put_char(line, *text == '\n' || *text == '\r' ? ' ' : *text);
}

static void put_number(struct line *line, uintmax_t number, unsigned base) {
    char digits[sizeof number * 3 + 1];
    size_t n = 0;
    do
        digits[n++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    while (n > 0)
        put_char(line, digits[--n]);
}

static void put_signed(struct line *line, intmax_t number) {
    if (number < 0)
        put_char(line, '-');
    put_number(line, number < 0 ? 0 - (uintmax_t)number : (uintmax_t)number, 10);
}

/* The subset of printf that CHECK documents. */
static void put_format(struct line *line, const char *format, va_list arguments) {
    for (; *format; format++) {
        if (*format != '%') {
            put_char(line, *format);
            continue;
        }
        bool wide = *++format == 'z';
        if (wide)
            format++;
        switch (*format) {
        case 's': put_text(line, va_arg(arguments, const char *)); break;
        case 'c': put_char(line, (char)va_arg(arguments, int)); break;
        case 'd': put_signed(line, wide ? va_arg(arguments, ptrdiff_t) : va_arg(arguments, int)); break;
        case 'u': put_number(line, wide ? va_arg(arguments, size_t) : va_arg(arguments, unsigned), 10); break;
        case 'x': put_number(line, wide ? va_arg(arguments, size_t) : va_arg(arguments, unsigned), 16); break;
        case 'p':
            put_text(line, "0x");
            put_number(line, (uintptr_t)va_arg(arguments, void *), 16);
            break;
        case '%': put_char(line, '%'); break;
        default: put_text(line, "<bad format>"); return;
        }
    }
}

static void send(struct line *line) {
    line->text[line->length++] = '\n';
    system_report(line->text, line->length);
}

static void report_pair(const char *kind, const char *name, char separator, const char *value) {
    struct line line = {.length = 0};
    put_text(&line, kind);
    put_char(&line, ' ');
    put_text(&line, name);
    put_char(&line, separator);
    put_text(&line, value);
    send(&line);
}

void probe_report(const char *kind, const char *text) {
    struct line line = {.length = 0};
    put_text(&line, kind);
    if (text != NULL) {
        put_char(&line, ' ');
        put_text(&line, text);
    }
    send(&line);
}

void probe_report_number(const char *kind, intmax_t number) {
    struct line line = {.length = 0};
    put_text(&line, kind);
    put_char(&line, ' ');
    put_signed(&line, number);
    send(&line);
}

void probe_report_end(intmax_t process, const char *how, intmax_t number) {
    struct line line = {.length = 0};
    put_text(&line, "ended ");
    put_signed(&line, process);
    put_char(&line, ' ');
    put_text(&line, how);
    put_char(&line, ' ');
    put_signed(&line, number);
    send(&line);
}

static _Noreturn void end_with(const char *kind, const char *format, va_list arguments, int status) {
    struct line line = {.length = 0};
    put_text(&line, kind);
    put_char(&line, ' ');
    put_format(&line, format, arguments);
    send(&line);
    system_exit(status);
}

_Noreturn void probe_violated(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    end_with("violated", format, arguments, STATUS_VIOLATED);
}

_Noreturn void probe_unobservable(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    end_with("unobservable", format, arguments, STATUS_NOT_ASKED);
}

_Noreturn void probe_not_loaded(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    end_with("not-loaded", format, arguments, STATUS_NOT_ASKED);
}

_Noreturn void probe_lacking(const char *name, const char *why) {
    report_pair("lacking", name, ' ', why);
    system_exit(STATUS_NOT_ASKED);
}

void probe_fact(const char *name, const char *word) {
    if (word != NULL)
        report_pair("fact", name, '=', word);
}

void probe_measure(const char *name, size_t number) {
    struct line line = {.length = 0};
    put_text(&line, "measure ");
    put_text(&line, name);
    put_char(&line, '=');
    put_number(&line, number, 10);
    send(&line);
}

void probe_stage(const char *word) { probe_report("stage", word); }

void probe_tick(void) {
    static volatile uint64_t last;
    uint64_t now = system_milliseconds();
    if (now - last >= 250) {
        last = now;
        probe_report("tick", NULL);
    }
}

/* ---- Start ------------------------------------------------------------------------------------------------- */

struct family under_test;

/* `NAME=VALUE`, set where one process has many cells: see probe_fork_here. */
static const char *given[GIVEN_MOST];

void probe_give(size_t depth, const char *setting) { given[depth] = setting; }

const char *probe_setting(const char *name) {
    size_t length = strlen(name);
    for (size_t i = COUNT_OF(given); i-- > 0;)
        if (given[i] != NULL && strncmp(given[i], name, length) == 0 && given[i][length] == '=')
            return given[i] + length + 1;
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

const char *probe_variant(void) { return probe_setting("ALLOCHECK_VARIANT"); }

size_t probe_variant_number(size_t otherwise) {
    size_t number = 0;
    const char *digit = probe_variant();
    if (*digit == '\0')
        return otherwise;
    for (; *digit >= '0' && *digit <= '9'; digit++)
        number = number * 10 + (size_t)(*digit - '0');
    return number;
}

void probe_begin(void) {
    system_begin();
    family_of_process(&under_test, probe_setting("ALLOCHECK_EXPECT"));
    probe_report("malloc", under_test.module);
    family_require(&under_test, probe_setting("ALLOCHECK_NEEDS"));
    system_be_child();
}

int probe_main(void (*body)(void)) {
    probe_begin();
    body();
    probe_report("done", NULL);
    system_exit(STATUS_DONE);
}

/* ---- Blocks ------------------------------------------------------------------------------------------------ */

size_t next_size(size_t n) {
    probe_tick();
    if (n < 128)
        return n + 1;
    size_t power = 128;
    while (power <= SIZE_MAX / 2 && power * 2 <= n)
        power *= 2;
    /* Between power and 2 * power: one below, at, and one above each quarter. */
    for (size_t quarter = 0; quarter <= 4; quarter++) {
        size_t at = power + quarter * (power / 4);
        for (size_t candidate = at - 1; candidate <= at + 1; candidate++)
            if (candidate > n)
                return candidate;
    }
    return n + 1;
}

static unsigned char fill_byte(size_t position, unsigned seed) {
    uint32_t folded = (uint32_t)position ^ (uint32_t)(position >> 16);
    /* The seed is in the factor: added, a small difference would not reach the highest byte. */
    uint32_t mixed = (folded + 1) * (2654435761u + seed * 3266489918u);
    return (unsigned char)((mixed >> 24) | 1);
}

void fill(void *p, size_t n, unsigned seed) {
    volatile unsigned char *byte = p;
    for (size_t i = 0; i < n; i++)
        byte[i] = fill_byte(i, seed);
}

size_t first_unlike_fill(const void *p, size_t n, unsigned seed) {
    const volatile unsigned char *byte = p;
    for (size_t i = 0; i < n; i++)
        if (byte[i] != fill_byte(i, seed))
            return i;
    return n;
}

size_t first_unlike_byte(const void *p, size_t n, unsigned char expected) {
    const volatile unsigned char *byte = p;
    for (size_t i = 0; i < n; i++)
        if (byte[i] != expected)
            return i;
    return n;
}

void *opaque(void *p) {
    void *volatile hidden = p;
    return hidden;
}

size_t opaque_size(size_t n) {
    volatile size_t hidden = n;
    return hidden;
}

void warm_heap(void) {
    static void *volatile live[KIB(4) / 48 + 1];
    for (size_t i = 0; i < COUNT_OF(live); i++) {
        live[i] = (under_test.malloc)(48);
        if (live[i] != NULL)
            fill(live[i], 48, (unsigned)i);
    }
}

/* ---- Page fate --------------------------------------------------------------------------------------------- */

const char *fate_word(struct pages pages) {
    if (pages.unknown > 0 || pages.total == 0)
        return "unknown";
    if (pages.unmapped == pages.total)
        return "unmapped";
    if (pages.decommitted == pages.total)
        return "decommitted";
    if (pages.lazy == pages.total)
        return "lazy";
    if (pages.resident == pages.total)
        return "resident";
    return pages.resident == 0 ? "returned" : "partly";
}
