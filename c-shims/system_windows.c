/* The system calls of a probe on Windows: report, death, clock, children, threads. The report is standard output. */
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

static bool is_child;

/* A status of 32 bits does not fit into what a POSIX runner tells of an exit, so the probe says itself how it dies. */
static LONG WINAPI die(EXCEPTION_POINTERS *exception) {
    DWORD code = exception->ExceptionRecord->ExceptionCode;
    const char *name = "STATUS_OTHER";
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        if (statuses[i].code == code)
            name = statuses[i].name;
    if (!is_child) /* whose death is its parent's to judge */
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

/* ---- Clock and pages ------------------------------------------------------------------------------------------------- */

uint64_t system_milliseconds(void) { return GetTickCount64(); }

size_t page_size(void) {
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return system.dwPageSize;
}

/* ---- Children --------------------------------------------------------------------------------------------------------
 *
 * There is no fork, so a child is this program started anew: what rules ask of it is asked of a heap that nobody used.
 * It is told of the memory that it shares with its parent by the environment, a letter for each four bits of a handle. */

#define CHILD "ALLOCHECK_CHILD"
enum { LETTERS = sizeof(uintptr_t) * 2 };

/* Begins what system_pages returns a part of. */
struct head {
    HMODULE image; /* of the parent: addresses of code mean the same in both if it is the child's */
    HANDLE section, report;
    void *base, *shared;
    void (*step)(void *shared);
    bool reached; /* by the child */
};

enum { HEAD = 4096 };

void *system_pages(size_t n) {
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    uint64_t size = (uint64_t)n + HEAD;
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, &inherited, PAGE_READWRITE, (DWORD)(size >> 32),
                                        (DWORD)size, NULL);
    /* Where a child that is at its start has nothing either. */
    const uintptr_t first = sizeof(void *) == 8 ? (uintptr_t)0x6000 << 16 << 16 : 0x50000000, step = MIB(16);
    struct head *head = NULL;
    for (unsigned place = 0; section != NULL && head == NULL && place < 64; place++)
        head = MapViewOfFileEx(section, FILE_MAP_WRITE, 0, 0, 0, (void *)(first + place * step));
    if (head == NULL)
        probe_unobservable("the system has no %zu bytes of shared memory for the probe itself", n);
    *head = (struct head){.image = GetModuleHandleA(NULL), .section = section, .base = head};
    return (char *)head + HEAD;
}

static void tell_child(HANDLE section) {
    char value[LETTERS + 1] = {0};
    uintptr_t left = (uintptr_t)section;
    for (size_t i = 0; i < LETTERS; i++, left /= 16)
        value[i] = (char)('a' + left % 16);
    SetEnvironmentVariableA(CHILD, value);
}

/* NULL if this is no child. */
static HANDLE told_by_parent(void) {
    char value[LETTERS + 1];
    uintptr_t section = 0;
    if (GetEnvironmentVariableA(CHILD, value, sizeof value) != LETTERS)
        return NULL;
    for (size_t i = LETTERS; i-- > 0;)
        section = section * 16 + (uintptr_t)(value[i] - 'a');
    return (HANDLE)section;
}

/* Its exit status; STATUS_NOT_ASKED if it did not start. */
static DWORD run_child(void) {
    char program[MAX_PATH];
    PROCESS_INFORMATION child;
    STARTUPINFOA start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES}; /* what it says of its start is no news */
    DWORD status = STATUS_NOT_ASKED;
    if (GetModuleFileNameA(NULL, program, MAX_PATH) >= MAX_PATH ||
        !CreateProcessA(program, NULL, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child))
        return status;
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &status);
    CloseHandle(child.hThread);
    CloseHandle(child.hProcess);
    return status;
}

bool in_child(void (*step)(void *shared), void *shared) {
    MEMORY_BASIC_INFORMATION memory;
    if (shared == NULL || VirtualQuery(shared, &memory, sizeof memory) == 0)
        probe_unobservable("the question needs a copy of the process, and this system has no fork");
    struct head *head = memory.AllocationBase;
    *head = (struct head){.image = head->image, .section = head->section, .base = head, .step = step, .shared = shared};
    head->report = GetStdHandle(STD_OUTPUT_HANDLE);
    SetHandleInformation(head->report, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    tell_child(head->section);
    /* One start of many fails under Wine, with an internal error; and the place of the shared memory may be taken. */
    for (unsigned tries = 0; tries < 10; tries++) {
        DWORD status = run_child();
        probe_tick();
        if (head->reached)
            return status == STATUS_DONE;
        Sleep(20);
    }
    probe_unobservable("a child of this program does not get to its step");
}

/* The shared memory, at the place where the parent has it. */
static struct head *shared_with_parent(HANDLE section) {
    struct head *anywhere = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    if (anywhere == NULL)
        return NULL;
    void *base = anywhere->base;
    UnmapViewOfFile(anywhere);
    return MapViewOfFileEx(section, FILE_MAP_WRITE, 0, 0, 0, base);
}

void system_be_child(void) {
    HANDLE section = told_by_parent();
    if (section == NULL)
        return;
    struct head *head = shared_with_parent(section);
    if (head == NULL)
        ExitProcess(STATUS_NOT_ASKED);
    is_child = head->reached = true;
    SetStdHandle(STD_OUTPUT_HANDLE, head->report);
    if (head->image != GetModuleHandleA(NULL))
        probe_unobservable("a child has its code elsewhere than its parent");
    witness_begin();
    head->step(head->shared);
    system_exit(STATUS_DONE);
}

void probe_fork_here(void) {}

/* ---- Threads ----------------------------------------------------------------------------------------------------------- */

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
