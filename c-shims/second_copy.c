/* A second copy stands for what plugins bring along: an allocator of their own, static, hidden or local. */
#define _GNU_SOURCE
#include <stdlib.h>

#if defined(__GLIBC__)
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "second_copy.h" /* last: its names for the family are macros */

/* A path to the same bytes that the dynamic linker does not take for the same file. Stays open. */
static const char *copied_file(const char *path) {
    static char copy[32];
    struct stat file;
    int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("copy", MFD_CLOEXEC);
    bool good = from >= 0 && to >= 0 && fstat(from, &file) == 0;
    for (off_t left = good ? file.st_size : 0; good && left > 0;) {
        ssize_t written = sendfile(to, from, NULL, (size_t)left);
        good = written > 0;
        left -= written;
    }
    if (!good)
        probe_unobservable("the allocator's file cannot be copied: errno %d", errno);
    close(from);
    snprintf(copy, sizeof copy, "/proc/self/fd/%d", to);
    return copy;
}

static void *loaded(const char *how) {
    bool is_namespace = strcmp(how, "namespace") == 0;
    if (is_namespace)
        return dlmopen(LM_ID_NEWLM, under_test.module, RTLD_NOW | RTLD_LOCAL);
    if (strcmp(owner_word((const void *)(uintptr_t)getenv), "own") == 0)
        probe_lacking(how, "the C runtime is loaded once in a namespace");
    int scope = strcmp(how, "deepbind") == 0 ? RTLD_DEEPBIND : 0;
    return dlopen(copied_file(under_test.module), RTLD_NOW | RTLD_LOCAL | scope);
}

void *second_copy(const char *how) {
    void *copy = loaded(how);
    if (copy == NULL)
        FACT("opened", strstr(dlerror(), "static TLS") != NULL ? "no-static-tls" : "refused");
    return copy;
}
#endif
