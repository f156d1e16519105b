/* The system calls of a probe on POSIX: report descriptor, clock, processes, threads. */
#if !defined(_WIN32)
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime.h" /* last: musl's <sched.h> declares calloc and free */

#if !defined(MAP_ANONYMOUS)
#define MAP_ANONYMOUS MAP_ANON
#endif

/* ALLOCHECK_REPORT names the descriptor; standard output without it. Moved above the numbers that code under test uses,
 * and closed on exec. */
static int report_descriptor(void) {
    static int descriptor = -1;
    if (descriptor < 0) {
        const char *number = probe_setting("ALLOCHECK_REPORT");
        int given = *number ? atoi(number) : STDOUT_FILENO;
        descriptor = fcntl(given, F_DUPFD_CLOEXEC, 200);
        if (descriptor < 0)
            descriptor = given;
        else if (given != STDOUT_FILENO)
            close(given);
    }
    return descriptor;
}

/* A signal tells how it died. */
void system_begin(void) {}

void system_report(const char *line, size_t length) {
    int kept = errno; /* a report between a call and a look at errno changes nothing */
    while (length > 0) {
        ssize_t written = write(report_descriptor(), line, length);
        if (written < 0 && errno != EINTR)
            break;
        if (written > 0) {
            line += written;
            length -= (size_t)written;
        }
    }
    errno = kept;
}

uint64_t system_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

_Noreturn void system_exit(int status) { _exit(status); }

size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

void *system_pages(size_t n) {
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        probe_unobservable("the system has no %zu bytes of shared memory for the probe itself", n);
    return p;
}

bool in_child(void (*step)(void *shared), void *shared) {
    pid_t child = fork();
    if (child < 0)
        probe_unobservable("fork failed with errno %d", errno);
    if (child == 0) {
        step(shared);
        _exit(STATUS_DONE);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    probe_tick();
    return WIFEXITED(status) && WEXITSTATUS(status) == STATUS_DONE;
}

void system_be_child(void) {}

/* One line without its end; false if there is none, or no more. A byte at a time: requests are short, and nothing is left
 * over in a buffer that the copies would share. */
static bool read_request(int descriptor, char *line, size_t size) {
    size_t length = 0;
    for (char byte; read(descriptor, &byte, 1) == 1;) {
        if (byte == '\n') {
            line[length] = '\0';
            return length > 0;
        }
        if (length < size - 1)
            line[length++] = byte;
    }
    return false;
}

static void await_copy(pid_t copy) {
    int status;
    while (waitpid(copy, &status, 0) < 0 && errno == EINTR)
        ;
    /* What it left would write into the next one's report, and does so until it is dead. On macOS nobody can wait for that. */
    kill(-copy, SIGKILL);
    while (waitpid(-copy, NULL, 0) > 0 || errno == EINTR)
        ;
    probe_report_end(copy, WIFSIGNALED(status) ? "signal" : "exit",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

#define VARIANT "ALLOCHECK_VARIANT="

void probe_fork_here(void) {
    static char settings[GIVEN_MOST][KIB(4) + 64];
    static size_t depth;
    const char *number = probe_setting("ALLOCHECK_SERVE");
    if (*number == '\0' || depth == GIVEN_MOST)
        return;
    int requests = atoi(number);
#if defined(__linux__)
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* each copy would clear the 2 MiB of a huge page that it touches first */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* what a copy leaves is this process' child then, to be waited for */
#endif
    probe_report("ready", NULL); /* what stands above it is said of all copies */
    while (read_request(requests, settings[depth], sizeof settings[depth])) {
        pid_t copy = fork();
        if (copy < 0)
            probe_unobservable("fork failed with errno %d", errno);
        if (copy == 0) {
            setpgid(0, 0);
            probe_report_number("started", getpid());
            probe_give(depth, settings[depth]);
            depth = strncmp(settings[depth], VARIANT, strlen(VARIANT)) == 0 ? GIVEN_MOST : depth + 1;
            if (depth == GIVEN_MOST)
                close(requests);
            return;
        }
        await_copy(copy);
    }
    system_exit(STATUS_DONE);
}

static void *thread_body(void *argument) {
    struct thread *thread = argument;
    thread->body(thread->argument);
    return NULL;
}

void thread_start(struct thread *thread, void (*body)(void *), void *argument) {
    pthread_t handle;
    thread->body = body;
    thread->argument = argument;
    int error = pthread_create(&handle, NULL, thread_body, thread);
    if (error != 0)
        probe_unobservable("pthread_create failed with %d", error);
    thread->handle = (uintptr_t)handle;
}

void thread_join(struct thread *thread) { pthread_join((pthread_t)thread->handle, NULL); }

void sleep_ms(unsigned milliseconds) {
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}
#endif
