/* A DLL with the C runtime that its compiler links, whether that is a DLL of the system's or linked in (MSVC /MT): what an
 * extension module brings along. load_windows.c asks it for the functions that it calls itself. */
#if defined(_WIN32)
#define _CRT_SECURE_NO_WARNINGS /* MSVC's headers would have fopen_s and getenv_s */
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void any_function(void);

static const struct {
    const char *name;
    any_function *function;
} functions[] = {
#define FUNCTION(name) {#name, (any_function *)name}
    FUNCTION(malloc), FUNCTION(calloc), FUNCTION(realloc), FUNCTION(free), FUNCTION(_msize), FUNCTION(_strdup),
    FUNCTION(_aligned_malloc), FUNCTION(_aligned_free), FUNCTION(_get_heap_handle), FUNCTION(_errno),
    FUNCTION(setlocale), FUNCTION(getenv), FUNCTION(_putenv),
    FUNCTION(fopen), FUNCTION(fclose), FUNCTION(fputs), FUNCTION(fgets), FUNCTION(rewind),
#undef FUNCTION
};

/* The function of this name that the DLL's own calls reach; NULL if it makes none to it. */
__declspec(dllexport) any_function *crt_function(const char *name) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].function;
    return NULL;
}

#define TEXT(number) #number
#define WORD(number) TEXT(number)

/* Of the compiler, which decides for a runtime; with MSVC's libraries that of the MSVC which they came with. */
__declspec(dllexport) const char *crt_version(void) {
#if defined(_MSC_VER)
    return WORD(_MSC_VER);
#elif defined(__clang__)
    return WORD(__clang_major__) "." WORD(__clang_minor__) "." WORD(__clang_patchlevel__);
#else
    return WORD(__GNUC__) "." WORD(__GNUC_MINOR__) "." WORD(__GNUC_PATCHLEVEL__);
#endif
}
#endif
