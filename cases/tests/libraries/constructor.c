/* What a library may do while it is loaded: BODY. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CRASH raise(SIGSEGV)
#define EXIT _exit(9)
#define HANG for (;;) pause()
#define HANG_IN_PROBE if (getenv("ALLOCHECK_EXPECT") != NULL) for (;;) pause()
#define TALK if (write(1, "hello\n", 6) + write(2, "hello\n", 6) == 0) _exit(9)
#define LEAVE_CHILD if (fork() == 0 && setsid() > 0) for (;;) pause()
#define NOTE_ENVIRONMENT note("/proc/self/environ")

#if defined(NOTES)
/* Appends a file's text to the one that NOTES names. */
static void note(const char *path) {
    static char text[1 << 16];
    int from = open(path, O_RDONLY), to = open(NOTES, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ssize_t length = read(from, text, sizeof text);
    if (length > 0 && write(to, text, (size_t)length) != length)
        _exit(9);
    close(from);
    close(to);
}
#endif

__attribute__((constructor)) static void begin(void) { BODY; }
