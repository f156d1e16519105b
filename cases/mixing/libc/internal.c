/*---
title    = "what the C library allocates for itself and releases itself works with the malloc in force"
norm     = "must"
core     = false
source   = ["glibc manual, Replacing malloc: the minimum set of functions is what the C library itself works with"]
fault    = { none = "it fails where an allocator replaces some of malloc, calloc, realloc and free and not all" }
needs    = ["malloc", "free"]
platforms = ["linux"]
variants = ["stdio", "setvbuf", "opendir", "regcomp", "glob", "qsort", "getaddrinfo", "newlocale", "iconv",
            "setenv", "thread", "dlopen"]
---*/
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <glob.h>
#include <iconv.h>
#include <locale.h>
#include <netdb.h>
#include <regex.h>
#include <stdio.h>

#include "aftermath.h"

enum { ROUNDS = 64 };

/* Each takes one turn and says whether its results are right. */

static bool by_stdio(void) {
    char line[32] = "";
    FILE *stream = tmpfile();
    bool good = stream != NULL && fprintf(stream, "%d lines\n", 1) > 0 && fseek(stream, 0, SEEK_SET) == 0 &&
                fgets(line, sizeof line, stream) != NULL && strcmp(line, "1 lines\n") == 0;
    return stream != NULL && fclose(stream) == 0 && good;
}

/* fclose leaves the buffer to the program. */
static bool by_setvbuf(void) {
    char *buffer = malloc(BUFSIZ);
    FILE *stream = fopen("/dev/null", "w");
    bool good = stream != NULL && setvbuf(stream, buffer, _IOFBF, BUFSIZ) == 0 &&
                fputs("text", stream) >= 0 && fclose(stream) == 0;
    fill(buffer, BUFSIZ, 1);
    good = good && first_unlike_fill(buffer, BUFSIZ, 1) == BUFSIZ;
    free(buffer);
    return good;
}

static bool by_opendir(void) {
    DIR *folder = opendir("/");
    return folder != NULL && readdir(folder) != NULL && closedir(folder) == 0;
}

static bool by_regcomp(void) {
    regex_t expression;
    if (regcomp(&expression, "^([a-z]+)-([0-9]{1,3})*(x|yy|zzz)+$", REG_EXTENDED) != 0)
        return false;
    regmatch_t groups[4];
    bool good = regexec(&expression, "rule-123456yyzzz", 4, groups, 0) == 0 && groups[2].rm_so == 8;
    regfree(&expression);
    return good;
}

static bool by_glob(void) {
    glob_t found;
    bool good = glob("/dev/nul[l]", 0, NULL, &found) == 0 && found.gl_pathc == 1 &&
                strcmp(found.gl_pathv[0], "/dev/null") == 0;
    globfree(&found);
    return good;
}

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* More than qsort keeps on the stack. */
static bool by_qsort(void) {
    static int numbers[4096];
    for (int i = 0; i < (int)COUNT_OF(numbers); i++)
        numbers[i] = (int)((unsigned)i * 2654435u % 10007);
    qsort(numbers, COUNT_OF(numbers), sizeof numbers[0], ascending);
    for (size_t i = 1; i < COUNT_OF(numbers); i++)
        if (numbers[i - 1] > numbers[i])
            return false;
    return true;
}

static bool by_getaddrinfo(void) {
    struct addrinfo *found = NULL, wanted = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    bool good = getaddrinfo("127.0.0.1", "80", &wanted, &found) == 0 && found->ai_family == AF_INET;
    if (found != NULL)
        freeaddrinfo(found);
    return good;
}

static bool by_newlocale(void) {
    locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    if (locale == (locale_t)0)
        locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    bool good = locale != (locale_t)0;
    if (good)
        freelocale(locale);
    return good;
}

static bool by_iconv(void) {
    iconv_t conversion = iconv_open("UTF-16LE", "UTF-8");
    if (conversion == (iconv_t)-1 && errno == EINVAL) /* converters are files of their own, which a small root lacks */
        probe_unobservable("nothing here converts UTF-8 to UTF-16");
    char text[] = "text", wide[8], *from = text, *to = wide;
    size_t left = 4, room = sizeof wide;
    bool good = conversion != (iconv_t)-1 && iconv(conversion, &from, &left, &to, &room) == 0 && room == 0 && wide[2] == 'e';
    return good && iconv_close(conversion) == 0;
}

static bool by_setenv(void) {
    static int round;
    char value[300];
    memset(value, 'a' + round++ % 26, sizeof value - 1);
    value[sizeof value - 1] = '\0';
    return setenv("ALLOCHECK_LONG", value, 1) == 0 && strcmp(getenv("ALLOCHECK_LONG"), value) == 0 &&
           unsetenv("ALLOCHECK_LONG") == 0;
}

static void body(void *result) {
    static _Thread_local int of_this_thread = 1;
    void *p = malloc(100);
    *(bool *)result = p != NULL && of_this_thread++ == 1;
    free(p);
}

static bool by_thread(void) {
    struct thread thread;
    bool good = false;
    thread_start(&thread, body, &good);
    thread_join(&thread);
    return good;
}

static bool by_dlopen(void) {
    need_modules();
    void *library = dlopen("libm.so.6", RTLD_NOW);
    double (*floor_of)(double) = (double (*)(double))(uintptr_t)(library != NULL ? dlsym(library, "floor") : NULL);
    bool good = floor_of != NULL && floor_of(2.5) == 2.0 && dlsym(library, "no such function") == NULL && dlerror() != NULL;
    return library != NULL && dlclose(library) == 0 && good;
}

PROBE {
    static const struct {
        const char *name;
        bool (*turn)(void);
    } functions[] = {
        {"stdio", by_stdio}, {"setvbuf", by_setvbuf},         {"opendir", by_opendir},     {"regcomp", by_regcomp},
        {"glob", by_glob},   {"qsort", by_qsort},             {"getaddrinfo", by_getaddrinfo}, {"newlocale", by_newlocale},
        {"iconv", by_iconv}, {"setenv", by_setenv},           {"thread", by_thread},       {"dlopen", by_dlopen},
    };
    aftermath_begin(100);
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        for (size_t round = 0; round < ROUNDS && strcmp(probe_variant(), functions[i].name) == 0; round++)
            CHECK(functions[i].turn(), "%s: wrong in round %zu", probe_variant(), round);
    const char *word = aftermath();
    CHECK(strcmp(word, "silent") == 0, "%s: the program's own blocks are %s", probe_variant(), word);
}
