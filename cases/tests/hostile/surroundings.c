/* What a probe finds around it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

extern char **environ;

static char list[1000];

static void append(const char *text) {
    strcat(list, *list != '\0' ? "," : "");
    strncat(list, text, sizeof list - strlen(list) - 2);
}

static const char *environment(void) {
    list[0] = '\0';
    for (char **entry = environ; *entry != NULL; entry++) {
        static char name[100];
        size_t length = strcspn(*entry, "=");
        memcpy(name, *entry, length < sizeof name ? length : sizeof name - 1);
        name[length < sizeof name ? length : sizeof name - 1] = '\0';
        append(name);
    }
    return list;
}

static const char *descriptors(void) {
    list[0] = '\0';
    for (int descriptor = 0; descriptor < 4096; descriptor++) {
        char digits[] = {(char)('0' + descriptor / 1000), (char)('0' + descriptor / 100 % 10),
                         (char)('0' + descriptor / 10 % 10), (char)('0' + descriptor % 10), '\0'};
        if (fcntl(descriptor, F_GETFD) >= 0)
            append(digits);
    }
    return list;
}

static void limit(const char *name, int resource) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) == 0)
        MEASURE(name, limit.rlim_cur == limit.rlim_max ? (size_t)limit.rlim_cur : 0);
}

static size_t entries_here(void) {
    size_t entries = 0;
    DIR *here = opendir(".");
    while (here != NULL && readdir(here) != NULL)
        entries++;
    return entries;
}

static bool reads_pagemap(void) {
    uint64_t entry = 0;
    int descriptor = open("/proc/self/pagemap", O_RDONLY);
    off_t at = (off_t)((uintptr_t)&entry / page_size() * sizeof entry);
    return pread(descriptor, &entry, sizeof entry, at) == (ssize_t)sizeof entry && entry >> 63 == 1;
}

static bool dumps_core(void) {
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        abort();
    waitpid(child, &status, 0);
    return WCOREDUMP(status);
}

static int oom_adjustment(void) {
    char digits[16] = "";
    int descriptor = open("/proc/self/oom_score_adj", O_RDONLY);
    return read(descriptor, digits, sizeof digits - 1) > 0 ? atoi(digits) : -1;
}

PROBE {
    static int data;
    volatile char stack = 0;
    FACT("descriptors", descriptors());
    FACT("environment", environment());
    limit("core", RLIMIT_CORE);
    limit("stack", RLIMIT_STACK);
    limit("data", RLIMIT_DATA);
    limit("descriptors", RLIMIT_NOFILE);
    FACT("folder", entries_here() == 2 ? "empty" : "used");
    int note = open("note", O_CREAT | O_WRONLY, 0600);
    FACT("note", write(note, "x", 1) == 1 ? "written" : "refused");
    FACT("core", dumps_core() ? "dumped" : "none");
    FACT("pagemap", reads_pagemap() ? "readable" : "closed");
    FACT("session", getsid(0) == getpid() && getpgrp() == getpid() ? "own" : "inherited");
    MEASURE("oom-adjustment", (size_t)oom_adjustment());
    MEASURE("data-address", (uintptr_t)&data);
    MEASURE("stack-address", (uintptr_t)&stack);
    MEASURE("heap-address", (uintptr_t)malloc(1));
    MEASURE("library-address", (uintptr_t)under_test.malloc);
}
