/* The system calls of a probe on Windows: report, death, clock, threads. The report is standard output; no process is
 * copied here, so what needs copies cannot be asked. */
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <signal.h>

#include "runtime.h" /* last: its macros would change what the system's headers declare */

/* ---- Report and death ---------------------------------------------------------------------------------------------- */

void system_report(const char *line, size_t length) {
    int kept = errno; /* a report between a call and a look at errno changes nothing */
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    while (length > 0) {
        DWORD written = 0;
        if (!WriteFile(output, line, (DWORD)length, &written, NULL) || written == 0)
            break;
        line += written;
        length -= written;
    }
    errno = kept;
}

/* The exceptions that a heap raises, by their names in ntstatus.h. */
static const struct status {
    DWORD code;
    const char *name;
} statuses[] = {
    {0xC0000005, "STATUS_ACCESS_VIOLATION"},      {0xC0000374, "STATUS_HEAP_CORRUPTION"},
    {0xC0000409, "STATUS_STACK_BUFFER_OVERRUN"},  {0xC00000FD, "STATUS_STACK_OVERFLOW"},
    {0xC000001D, "STATUS_ILLEGAL_INSTRUCTION"},   {0x80000003, "STATUS_BREAKPOINT"},
    {0xC0000094, "STATUS_INTEGER_DIVIDE_BY_ZERO"}, {0xC0000008, "STATUS_INVALID_HANDLE"},
    {0xC0000017, "STATUS_NO_MEMORY"},             {0xC0000420, "STATUS_ASSERTION_FAILURE"},
    {0xC000000D, "STATUS_INVALID_PARAMETER"},
};

/* A status of 32 bits does not fit into what a POSIX runner tells of an exit, so the probe says itself how it dies. */
static LONG WINAPI die(EXCEPTION_POINTERS *exception) {
    DWORD code = exception->ExceptionRecord->ExceptionCode;
    const char *name = "STATUS_OTHER";
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        if (statuses[i].code == code)
            name = statuses[i].name;
    probe_report("died", name);
    TerminateProcess(GetCurrentProcess(), code);
    return EXCEPTION_EXECUTE_HANDLER;
}

static void abort_is_death(int number) {
    (void)number;
    probe_report("died", "SIGABRT");
    TerminateProcess(GetCurrentProcess(), 3);
}

void system_begin(void) {
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    SetUnhandledExceptionFilter(die);
    signal(SIGABRT, abort_is_death);
}

/* No destructors, and no DLL is told. */
_Noreturn void system_exit(int status) {
    TerminateProcess(GetCurrentProcess(), (UINT)status);
    for (;;)
        Sleep(INFINITE);
}

/* ---- Clock, pages, processes, threads ------------------------------------------------------------------------------ */

uint64_t system_milliseconds(void) { return GetTickCount64(); }

size_t page_size(void) {
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return system.dwPageSize;
}

void *system_pages(size_t n) {
    void *p = VirtualAlloc(NULL, n, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (p == NULL)
        probe_unobservable("the system has no %zu bytes for the probe itself", n);
    return p;
}

bool in_child(void (*step)(void *shared), void *shared) {
    (void)step, (void)shared;
    probe_unobservable("the question needs a copy of the process, and this system has no fork");
}

void probe_fork_here(void) {}

static DWORD WINAPI thread_body(void *argument) {
    struct thread *thread = argument;
    thread->body(thread->argument);
    return 0;
}

void thread_start(struct thread *thread, void (*body)(void *), void *argument) {
    thread->body = body;
    thread->argument = argument;
    HANDLE handle = CreateThread(NULL, 0, thread_body, thread, 0, NULL);
    if (handle == NULL)
        probe_unobservable("CreateThread failed with %u", (unsigned)GetLastError());
    thread->handle = (uintptr_t)handle;
}

void thread_join(struct thread *thread) {
    WaitForSingleObject((HANDLE)thread->handle, INFINITE);
    CloseHandle((HANDLE)thread->handle);
}

void sleep_ms(unsigned milliseconds) { Sleep(milliseconds); }
#endif
