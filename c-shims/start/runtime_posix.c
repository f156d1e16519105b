/* The C runtime on POSIX. */
#if !defined(_WIN32)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "start.h"

static char text[KIB(8)];

/* What a descriptor has to say, up to its end. */
static const char *read_all(int descriptor) {
    size_t length = 0;
    ssize_t got = 0;
    while (length < sizeof text - 1 && (got = read(descriptor, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    return text;
}

/* The text that follows these words; NULL if they are not there. */
static const char *after(const char *all, const char *words) {
    const char *at = strstr(all, words);
    return at != NULL ? at + strlen(words) : NULL;
}

const char *wine_version(void) { return NULL; }

size_t data_kib(void) {
    int descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const char *number = descriptor >= 0 ? after(read_all(descriptor), "VmData:") : NULL;
    if (descriptor >= 0)
        close(descriptor);
    return number != NULL ? (size_t)strtoul(number, NULL, 10) : 0;
}

static void come(void *shared) { *(bool *)shared = true; }

bool forks(void) {
    bool *came = system_pages(sizeof *came);
    return in_child(come, came) && *came;
}

#if defined(__GLIBC__)
#include <gnu/libc-version.h>
const char *runtime_name(void) { return "glibc"; }
const char *runtime_version(void) { return gnu_get_libc_version(); }
#elif defined(__linux__)
/* musl has no name and no version for programs. Where it is linked in, its own variable is there; otherwise its library
 * is also the dynamic linker, which tells its version to who runs it without a program. */
extern const char __libc_version[] __attribute__((weak));

static const char *told_by_linker(const char *linker) {
    static char version[32];
    int ends[2];
    if (pipe(ends) != 0)
        return NULL;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        execl(linker, linker, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    const char *number = after(read_all(ends[0]), "\nVersion ");
    close(ends[0]);
    waitpid(child, NULL, 0);
    if (number == NULL)
        return NULL;
    memcpy(version, number, sizeof version - 1);
    version[strcspn(version, "\n")] = '\0';
    return version;
}

const char *runtime_name(void) { return "musl"; }

const char *runtime_version(void) {
    Dl_info info;
    char *(*volatile landmark)(const char *) = getenv;
    const char *version = __libc_version;
    if (version == NULL && dladdr((const void *)(uintptr_t)landmark, &info) != 0)
        version = told_by_linker(info.dli_fname);
    return version != NULL ? version : "unknown";
}
#else
const char *runtime_name(void) { return "libc"; }
const char *runtime_version(void) { return "unknown"; }
#endif
#endif
