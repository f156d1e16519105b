/* The C runtime on Windows, or the family that the probe was told to use. */
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "start.h"

const char *wine_version(void) {
    const char *(*version)(void) =
        (const char *(*)(void))(void (*)(void))GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version");
    return version != NULL ? version() : NULL;
}

size_t data_kib(void) { return 0; }

bool forks(void) { return false; }

#if defined(_UCRT) || defined(_MSC_VER) /* MinGW's word for it; Visual C++ has had no other since 2015 */
const char *runtime_name(void) { return "ucrtbase"; }
#else
const char *runtime_name(void) { return "msvcrt"; }
#endif

/* The resource VS_VERSION_INFO of a loaded module has its VS_FIXEDFILEINFO behind a header of fixed size. */
static const VS_FIXEDFILEINFO *version_of(HMODULE module) {
    HRSRC resource = FindResourceA(module, (LPCSTR)1, (LPCSTR)16 /* RT_VERSION */);
    HGLOBAL loaded = resource != NULL ? LoadResource(module, resource) : NULL;
    const char *bytes = loaded != NULL ? LockResource(loaded) : NULL;
    for (DWORD at = 0; bytes != NULL && at + sizeof(VS_FIXEDFILEINFO) <= SizeofResource(module, resource); at += 4)
        if (((const VS_FIXEDFILEINFO *)(bytes + at))->dwSignature == 0xFEEF04BD)
            return (const VS_FIXEDFILEINFO *)(bytes + at);
    return NULL;
}

static char *put(char *at, unsigned number) {
    char digits[12];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static const char *version_from(const unsigned numbers[3]) {
    static char version[64];
    char *at = version;
    for (int i = 0; i < 3; i++) {
        at = put(at, numbers[i]);
        *at++ = i < 2 ? '.' : '\0';
    }
    return version;
}

/* mimalloc's DLL need have no such resource, and tells it by a call: 2.3.2 is 232, and 20302 in later versions. One of
 * c-shims/crt tells its compiler's. */
static const char *version_told(HMODULE module) {
    const char *(*tell_text)(void) = (const char *(*)(void))(void (*)(void))GetProcAddress(module, "crt_version");
    if (tell_text != NULL)
        return tell_text();
    int (*tell)(void) = (int (*)(void))(void (*)(void))GetProcAddress(module, "mi_version");
    unsigned told = tell != NULL ? (unsigned)tell() : 0, base = told < 10000 ? 10 : 100;
    return tell != NULL ? version_from((unsigned[]){told / base / base, told / base % base, told % base}) : NULL;
}

/* The system's own allocators have the version of ntdll.dll. */
const char *runtime_version(void) {
    HMODULE module = GetModuleHandleA(under_test.module);
    const char *told = module != NULL ? version_told(module) : NULL;
    if (told != NULL)
        return told;
    const VS_FIXEDFILEINFO *info = version_of(module != NULL ? module : GetModuleHandleA("ntdll.dll"));
    if (info == NULL)
        return "unknown";
    return version_from((unsigned[]){HIWORD(info->dwFileVersionMS), LOWORD(info->dwFileVersionMS),
                                     HIWORD(info->dwFileVersionLS)});
}
#endif
