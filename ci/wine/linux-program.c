/* A Windows program that lets the Linux program PROGRAM do its work: under Wine, MinGW's gcc as it is on Linux, for programs
 * that want one of Windows. A path of Windows among the arguments becomes the same file's for Linux.
 *
 * Wine starts a program of Linux as a process that it then knows nothing of (dlls/ntdll/unix/process.c, fork_and_exec: no
 * handle, and Wine's pipes are none of Linux'). So all it says goes by way of files, and its status comes last. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { LENGTH = 32767 /* of a command line at most */, PATIENCE = 300000 /* tries */ };
enum { SHARED = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE };

static const char script[] = "in=$1 out=$2 err=$3 end=$4; shift 4; \"$@\" <\"$in\" >\"$out\" 2>\"$err\"; echo $? >\"$end\"";

static WCHAR line[LENGTH];
static size_t used;

static void fail(const char *what) {
    fprintf(stderr, "%s: error %lu\n", what, GetLastError());
    exit(125);
}

static void put(WCHAR letter) {
    if (used + 1 >= LENGTH)
        fail("the command line is too long");
    line[used++] = letter;
}

/* One argument, quoted as CommandLineToArgvW takes it apart. */
static void add(const WCHAR *argument) {
    size_t backslashes = 0;
    if (used > 0)
        put(' ');
    put('"');
    for (; *argument != 0; argument++) {
        if (*argument == '"')
            for (backslashes++; backslashes > 0; backslashes--)
                put('\\');
        backslashes = *argument == '\\' ? backslashes + 1 : 0;
        put(*argument);
    }
    for (; backslashes > 0; backslashes--)
        put('\\');
    put('"');
}

static void add_utf8(const char *text) {
    WCHAR wide[LENGTH];
    if (MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, LENGTH) == 0)
        fail("a name is no UTF-8");
    add(wide);
}

/* A path of Windows as Linux has it; anything else as it is. */
static void add_path(const WCHAR *argument) {
    char *(CDECL *unix_name)(const WCHAR *) =
        (void *)GetProcAddress(GetModuleHandleA("kernel32"), "wine_get_unix_file_name");
    if (unix_name == NULL)
        fail("this is no Wine");
    char *name = wcschr(argument, '\\') != NULL ? unix_name(argument) : NULL;
    if (name == NULL)
        add(argument);
    else
        add_utf8(name);
}

/* Waits for the status, which ends with a line's end. */
static int status_in(const WCHAR *path) {
    char said[16] = {0};
    for (unsigned tries = 0; strchr(said, '\n') == NULL; tries++) {
        if (tries == PATIENCE)
            fail("the program does not end");
        Sleep(2);
        DWORD length = 0;
        HANDLE file = CreateFileW(path, GENERIC_READ, SHARED, NULL, OPEN_EXISTING, 0, NULL);
        ReadFile(file, said, sizeof said - 1, &length, NULL);
        CloseHandle(file);
    }
    return atoi(said);
}

static void copy(HANDLE from, HANDLE to) {
    char part[4096];
    DWORD length = 0, written;
    while (ReadFile(from, part, sizeof part, &length, NULL) && length > 0)
        WriteFile(to, part, length, &written, NULL);
}

/* What a pipe has to say, until it ends; nothing that could wait for a person. */
static void take_input(const WCHAR *path) {
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE file = CreateFileW(path, GENERIC_WRITE, SHARED, NULL, OPEN_EXISTING, 0, NULL);
    if (GetFileType(input) == FILE_TYPE_PIPE)
        copy(input, file);
    CloseHandle(file);
}

static void pass_on(const WCHAR *path, DWORD stream) {
    HANDLE file = CreateFileW(path, GENERIC_READ, SHARED, NULL, OPEN_EXISTING, 0, NULL);
    copy(file, GetStdHandle(stream));
    CloseHandle(file);
}

static void temporary(WCHAR path[MAX_PATH]) {
    WCHAR folder[MAX_PATH];
    if (GetTempPathW(MAX_PATH, folder) == 0 || GetTempFileNameW(folder, L"lin", 0, path) == 0)
        fail("no temporary file");
}

int wmain(int count, WCHAR **arguments) {
    enum { INPUT, OUTPUT, ERRORS, STATUS, FILES };
    static WCHAR files[FILES][MAX_PATH];
    PROCESS_INFORMATION child;
    STARTUPINFOW start = {.cb = sizeof start};
    add_utf8("/bin/sh");
    add_utf8("-c");
    add_utf8(script);
    add_utf8("sh");
    for (int i = 0; i < FILES; i++) {
        temporary(files[i]);
        add_path(files[i]);
    }
    add_utf8(PROGRAM);
    for (int i = 1; i < count; i++)
        add_path(arguments[i]);
    put(0);
    take_input(files[INPUT]);
    if (!CreateProcessW(L"\\\\?\\unix\\bin\\sh", line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &child))
        fail("no shell");
    int status = status_in(files[STATUS]);
    pass_on(files[OUTPUT], STD_OUTPUT_HANDLE);
    pass_on(files[ERRORS], STD_ERROR_HANDLE);
    for (int i = 0; i < FILES; i++)
        DeleteFileW(files[i]);
    return status;
}
