/* Every function of POSIX or glibc whose result goes to free, each with a result that is known beforehand. */
#if !defined(_WIN32)
#define _GNU_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <wchar.h>

#include "handed_out.h" /* last: its names for the family are macros */

#define TEXT "a line of text that no function keeps in a buffer of its own"

static const char *asked; /* the function's name */

static struct handed_out text(char *block) {
    CHECK(block != NULL, "%s returned no block", asked);
    CHECK(strcmp(block, TEXT) == 0, "%s returned another text", asked);
    return (struct handed_out){block, sizeof TEXT};
}

static struct handed_out wide_text(wchar_t *block) {
    CHECK(block != NULL, "%s returned no block", asked);
    CHECK(wcscmp(block, L"" TEXT) == 0, "%s returned another text", asked);
    return (struct handed_out){block, sizeof L"" TEXT};
}

static struct handed_out path(char *block) {
    CHECK(block != NULL && strcmp(block, "/dev") == 0, "%s returned another path", asked);
    return (struct handed_out){block, sizeof "/dev"};
}

static struct handed_out by_strdup(void) { return text(strdup(TEXT)); }
static struct handed_out by_strndup(void) { return text(strndup(TEXT " and more", sizeof TEXT - 1)); }
static struct handed_out by_wcsdup(void) { return wide_text(wcsdup(L"" TEXT)); }

static struct handed_out read_until(char delimiter) {
    char file[] = TEXT "?";
    file[sizeof TEXT - 1] = delimiter;
    char *line = NULL;
    size_t room = 0;
    FILE *stream = fmemopen(file, sizeof file - 1, "r");
    ssize_t length = delimiter == '\n' ? getline(&line, &room, stream) : getdelim(&line, &room, delimiter, stream);
    fclose(stream);
    CHECK(length == (ssize_t)sizeof TEXT && room > sizeof TEXT, "%s says %zd bytes in a block of %zu", asked,
          length, room);
    line[sizeof TEXT - 1] = '\0';
    text(line);
    return (struct handed_out){line, room};
}

static struct handed_out by_getline(void) { return read_until('\n'); }
static struct handed_out by_getdelim(void) { return read_until('|'); }

static int print(char **block, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(block, format, arguments);
    va_end(arguments);
    return length;
}

static struct handed_out by_vasprintf(void) {
    char *block = NULL;
    return text(print(&block, "%s", TEXT) > 0 ? block : NULL);
}

static struct handed_out by_asprintf(void) {
    char *block = NULL;
    return text(asprintf(&block, "%s", TEXT) > 0 ? block : NULL);
}

static struct handed_out by_sscanf(void) {
    char *block = NULL;
    return text(sscanf(TEXT, "%m[^\n]", &block) == 1 ? block : NULL);
}

static struct handed_out by_open_memstream(void) {
    char *block = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&block, &size);
    fputs(TEXT, stream);
    fclose(stream);
    return text(block);
}

static struct handed_out by_open_wmemstream(void) {
    wchar_t *block = NULL;
    size_t size = 0;
    FILE *stream = open_wmemstream(&block, &size);
    fputws(L"" TEXT, stream);
    fclose(stream);
    return wide_text(block);
}

static struct handed_out by_realpath(void) { return path(realpath("/dev/../dev", NULL)); }

static struct handed_out by_getcwd(void) {
    CHECK(chdir("/dev") == 0, "there is no /dev");
    return path(getcwd(NULL, 0));
}

static struct dirent **entries_here(int *count) {
    struct dirent **entries = NULL;
    *count = scandir(".", &entries, NULL, alphasort);
    CHECK(*count >= 2 && entries != NULL, "scandir found nothing");
    return entries;
}

/* The array, when all but it is released. */
static struct handed_out by_scandir(void) {
    int count;
    struct dirent **entries = entries_here(&count);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    return (struct handed_out){entries, (size_t)count * sizeof(struct dirent *)};
}

/* An entry, when all but it is released. */
static struct handed_out by_scandir_entry(void) {
    int count;
    struct dirent **entries = entries_here(&count), *first = entries[0];
    for (int i = 1; i < count; i++)
        free(entries[i]);
    free(entries);
    return (struct handed_out){first, offsetof(struct dirent, d_name) + strlen(first->d_name) + 1};
}

#define NAMES(F)                                                                                                       \
    F("strdup", by_strdup)                                                                                            \
    F("strndup", by_strndup)                                                                                          \
    F("wcsdup", by_wcsdup)                                                                                            \
    F("getline", by_getline)                                                                                          \
    F("getdelim", by_getdelim)                                                                                        \
    F("asprintf", by_asprintf)                                                                                        \
    F("vasprintf", by_vasprintf)                                                                                      \
    F("sscanf", by_sscanf)                                                                                            \
    F("open_memstream", by_open_memstream)                                                                            \
    F("open_wmemstream", by_open_wmemstream)                                                                          \
    F("realpath", by_realpath)                                                                                        \
    F("getcwd", by_getcwd)                                                                                            \
    F("scandir", by_scandir)                                                                                          \
    F("scandir entry", by_scandir_entry)

#define NAME(name, from) name,
const char *const handed_out_functions[] = {NAMES(NAME) NULL};

struct handed_out handed_out(const char *function) {
    asked = function;
#define CALL_IF_ASKED(name, from)                                                                                     \
    if (strcmp(function, name) == 0)                                                                                  \
        return from();
    NAMES(CALL_IF_ASKED)
    probe_unobservable("there is no function %s here", function);
}
#endif
