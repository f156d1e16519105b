/* Who answers, on Windows. Nothing is preloaded here: a family is named, and what a program's own calls bind to is one
 * among many. `native` or nothing is the C runtime that the probe is linked to; a file name is a DLL that exports malloc,
 * or one of c-shims/crt, which tells what it is linked to; and a few names are the system's own allocators, spoken to as if
 * they were malloc:
 *   heap:process  heap:private    HeapAlloc on GetProcessHeap(), and on a heap of its own
 *   local  global  cotask  bstr  virtual   LocalAlloc, GlobalAlloc, CoTaskMemAlloc, SysAllocStringByteLen, VirtualAlloc */
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <malloc.h>
#include <psapi.h>

#include "runtime.h" /* last: its macros would change what the system's headers declare */

/* ---- What is lacking ----------------------------------------------------------------------------------------------- */

#define STUB(result, name, parameters)                                                                                \
    static _Noreturn void lacking_##name(void) { probe_lacking(#name, "called, and not provided by the allocator"); }
FAMILY(STUB)
#undef STUB

typedef void any_function(void);

static void lack_everything(struct family *family) {
#define LACK(result, name, parameters) family->name = (result(*) parameters)(any_function *)lacking_##name;
    FAMILY(LACK)
#undef LACK
}

/* ---- Modules ------------------------------------------------------------------------------------------------------- */

static const char *module_path(HMODULE module) {
    static char paths[4][MAX_PATH];
    static unsigned used;
    char *path = paths[used++ % COUNT_OF(paths)];
    if (module == NULL || GetModuleFileNameA(module, path, MAX_PATH) == 0)
        return "";
    return path;
}

static HMODULE module_of(const void *address) {
    HMODULE module = NULL;
    DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    return GetModuleHandleExA(flags, address, &module) ? module : NULL;
}

/* What a DLL of c-shims/crt is asked for the functions that it is linked to; NULL in any other. */
typedef any_function *find_linked(const char *name);

static find_linked *linked_by(HMODULE module) {
    return (find_linked *)(any_function *)GetProcAddress(module, "crt_function");
}

/* A function of a C runtime, or of the one that a DLL of ours is linked to. */
static any_function *runtime_function(HMODULE module, const char *name) {
    find_linked *find = linked_by(module);
    return find != NULL ? find(name) : (any_function *)GetProcAddress(module, name);
}

/* A DLL that passes a name on to another one has no such function itself. */
static bool is_passed_on(HMODULE module, any_function *address) {
    return linked_by(module) == NULL && module_of((const void *)(uintptr_t)address) != module;
}

/* Functions of the C runtime under the names that they have there. A runtime has no aligned_alloc: what _aligned_malloc
 * returns, its free does not take. */
static void bind_runtime(struct family *family, HMODULE module) {
#define BIND(result, name_, parameters)                                                                               \
    do {                                                                                                              \
        const char *exported = strcmp(#name_, "malloc_usable_size") == 0 ? "_msize" : #name_;                         \
        any_function *address = runtime_function(module, exported);                                                   \
        if (address != NULL && !is_passed_on(module, address))                                                        \
            family->name_ = (result(*) parameters)address;                                                            \
    } while (0);
    FAMILY(BIND)
#undef BIND
}

/* mimalloc's DLL has its functions under names of its own. */
static void bind_mimalloc(struct family *family, HMODULE module) {
#define BIND(result, name_, parameters)                                                                               \
    do {                                                                                                              \
        any_function *address = (any_function *)GetProcAddress(module, "mi_" #name_);                                 \
        if (address != NULL)                                                                                          \
            family->name_ = (result(*) parameters)address;                                                            \
    } while (0);
    FAMILY(BIND)
#undef BIND
}

/* The DLL whose malloc the probe's own calls reach. */
#if defined(_UCRT) || defined(_MSC_VER) /* MinGW's word for it; Visual C++ has had no other since 2015 */
static const char own_runtime[] = "ucrtbase.dll";
#else
static const char own_runtime[] = "msvcrt.dll";
#endif

static int *(*errno_of_family)(void);

int *family_errno(void) {
    static int of_none;
    return errno_of_family != NULL ? errno_of_family() : &of_none;
}

/* Of the family under test, not of one that a probe opens beside it. */
static void bind_errno(const struct family *family, HMODULE module) {
    if (family == &under_test)
        errno_of_family = (int *(*)(void))runtime_function(module, "_errno");
}

static void open_native(struct family *family) {
    HMODULE module = GetModuleHandleA(own_runtime);
    if (module == NULL)
        probe_not_loaded("the probe is not linked to %s", own_runtime);
    bind_runtime(family, module);
    bind_errno(family, module);
    family->module = module_path(module);
}

static void open_dll(struct family *family, const char *name) {
    HMODULE module = LoadLibraryA(name);
    if (module == NULL)
        probe_not_loaded("%s does not load: error %u", name, (unsigned)GetLastError());
    bool is_mimalloc = GetProcAddress(module, "mi_malloc") != NULL;
    if (!is_mimalloc && runtime_function(module, "malloc") == NULL)
        probe_not_loaded("%s has no malloc", name);
    (is_mimalloc ? bind_mimalloc : bind_runtime)(family, module);
    bind_errno(family, module);
    family->module = module_path(module);
}

/* ---- The system's own ---------------------------------------------------------------------------------------------- */

static size_t product(size_t count, size_t size) { return size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size; }

/* A family over the five calls that every one of them has. */
#define SYSTEM_FAMILY(family_, allocate, zeroed, resize, release, length)                                             \
    static void *family_##_malloc(size_t n) { return allocate; }                                                      \
    static void *family_##_calloc(size_t count, size_t size) {                                                        \
        size_t n = product(count, size);                                                                              \
        return zeroed;                                                                                                \
    }                                                                                                                 \
    static void *family_##_realloc(void *p, size_t n) { return p == NULL ? family_##_malloc(n) : (resize); }           \
    static void family_##_free(void *p) {                                                                             \
        if (p != NULL)                                                                                                \
            (void)(release);                                                                                          \
    }                                                                                                                 \
    static size_t family_##_length(void *p) { return p == NULL ? 0 : (length); }

static HANDLE private_heap;

SYSTEM_FAMILY(process, HeapAlloc(GetProcessHeap(), 0, n), HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, n),
              HeapReAlloc(GetProcessHeap(), 0, p, n), HeapFree(GetProcessHeap(), 0, p),
              HeapSize(GetProcessHeap(), 0, p))
SYSTEM_FAMILY(private, HeapAlloc(private_heap, 0, n), HeapAlloc(private_heap, HEAP_ZERO_MEMORY, n),
              HeapReAlloc(private_heap, 0, p, n), HeapFree(private_heap, 0, p), HeapSize(private_heap, 0, p))
SYSTEM_FAMILY(local, LocalAlloc(LMEM_FIXED, n), LocalAlloc(LPTR, n), LocalReAlloc(p, n, LMEM_MOVEABLE), LocalFree(p),
              LocalSize(p))
SYSTEM_FAMILY(global, GlobalAlloc(GMEM_FIXED, n), GlobalAlloc(GPTR, n), GlobalReAlloc(p, n, GMEM_MOVEABLE),
              GlobalFree(p), GlobalSize(p))

/* ole32.dll's, looked up so that probes need not be linked to it. */
static struct {
    void *(WINAPI *allocate)(SIZE_T);
    void *(WINAPI *resize)(void *, SIZE_T);
    void(WINAPI *release)(void *);
} cotask;

static void *cotask_zeroed(size_t n) {
    void *p = cotask.allocate(n);
    return p != NULL ? memset(p, 0, n) : NULL;
}

static size_t unknown_length(void) { probe_lacking("malloc_usable_size", "not provided by the allocator"); }

SYSTEM_FAMILY(cotask, cotask.allocate(n), cotask_zeroed(n), cotask.resize(p, n), (cotask.release(p), 0),
              unknown_length())

/* oleaut32.dll's strings, whose lengths have 32 bits. */
static struct {
    void *(WINAPI *allocate)(const char *, UINT);
    void(WINAPI *release)(void *);
    UINT(WINAPI *length)(void *);
} bstr;

static void *string_of(size_t n) { return n <= INT32_MAX ? bstr.allocate(NULL, (UINT)n) : NULL; }

static void *zeroed_string(size_t n) {
    void *p = string_of(n);
    return p != NULL ? memset(p, 0, n) : NULL;
}

/* SysReAllocStringLen counts in letters of two bytes, and keeps nothing if it is given no string. */
static void *move_string(void *p, size_t n) {
    void *moved = string_of(n);
    size_t old = bstr.length(p);
    if (moved == NULL)
        return NULL;
    memcpy(moved, p, old < n ? old : n);
    bstr.release(p);
    return moved;
}

SYSTEM_FAMILY(bstr, string_of(n), zeroed_string(n), move_string(p, n), (bstr.release(p), 0), bstr.length(p))

static void *pages_of(size_t n) { return VirtualAlloc(NULL, n > 0 ? n : 1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE); }

static size_t region_of(void *p) {
    MEMORY_BASIC_INFORMATION region;
    return VirtualQuery(p, &region, sizeof region) != 0 ? region.RegionSize : 0;
}

static void *move_pages(void *p, size_t n) {
    void *moved = pages_of(n);
    size_t old = region_of(p);
    if (moved == NULL)
        return NULL;
    memcpy(moved, p, old < n ? old : n);
    VirtualFree(p, 0, MEM_RELEASE);
    return moved;
}

SYSTEM_FAMILY(virtual, pages_of(n), pages_of(n), move_pages(p, n), VirtualFree(p, 0, MEM_RELEASE), region_of(p))

static void prepare_private(void) { private_heap = HeapCreate(0, 0, 0); }

static void prepare_cotask(void) {
    HMODULE module = LoadLibraryA("ole32.dll");
    if (module == NULL)
        probe_not_loaded("ole32.dll does not load: error %u", (unsigned)GetLastError());
    cotask.allocate = (void *(WINAPI *)(SIZE_T))(any_function *)GetProcAddress(module, "CoTaskMemAlloc");
    cotask.resize = (void *(WINAPI *)(void *, SIZE_T))(any_function *)GetProcAddress(module, "CoTaskMemRealloc");
    cotask.release = (void(WINAPI *)(void *))(any_function *)GetProcAddress(module, "CoTaskMemFree");
}

static void prepare_bstr(void) {
    HMODULE module = LoadLibraryA("oleaut32.dll");
    if (module == NULL)
        probe_not_loaded("oleaut32.dll does not load: error %u", (unsigned)GetLastError());
    bstr.allocate = (void *(WINAPI *)(const char *, UINT))(any_function *)GetProcAddress(module, "SysAllocStringByteLen");
    bstr.release = (void(WINAPI *)(void *))(any_function *)GetProcAddress(module, "SysFreeString");
    bstr.length = (UINT(WINAPI *)(void *))(any_function *)GetProcAddress(module, "SysStringByteLen");
}

#define MEMBERS(family_) family_##_malloc, family_##_calloc, family_##_realloc, family_##_free, family_##_length
static const struct system_family {
    const char *name;
    void (*prepare)(void);
    void *(*malloc_)(size_t);
    void *(*calloc_)(size_t, size_t);
    void *(*realloc_)(void *, size_t);
    void (*free_)(void *);
    size_t (*length)(void *);
} system_families[] = {
    {"heap:process", NULL, MEMBERS(process)}, {"heap:private", prepare_private, MEMBERS(private)},
    {"local", NULL, MEMBERS(local)},          {"global", NULL, MEMBERS(global)},
    {"cotask", prepare_cotask, MEMBERS(cotask)}, {"bstr", prepare_bstr, MEMBERS(bstr)},
    {"virtual", NULL, MEMBERS(virtual)},
};

static bool open_system(struct family *family, const char *name) {
    for (size_t i = 0; i < COUNT_OF(system_families); i++) {
        const struct system_family *known = &system_families[i];
        if (strcmp(known->name, name) != 0)
            continue;
        if (known->prepare != NULL)
            known->prepare();
        family->module = known->name;
        family->malloc = known->malloc_;
        family->calloc = known->calloc_;
        family->realloc = known->realloc_;
        family->free = known->free_;
        family->malloc_usable_size = known->length;
        return true;
    }
    return false;
}

/* ---- The contract -------------------------------------------------------------------------------------------------- */

void family_open(struct family *family, const char *path) {
    lack_everything(family);
    if (*path == '\0' || strcmp(path, "native") == 0)
        open_native(family);
    else if (!open_system(family, path))
        open_dll(family, path);
}

void family_of_process(struct family *family, const char *expect) { family_open(family, expect); }

any_function *family_need(const struct family *family, const char *name) {
    HMODULE module = GetModuleHandleA(family->module);
    any_function *function = module != NULL ? runtime_function(module, name) : NULL;
    if (function == NULL)
        probe_lacking(name, "not in this C runtime");
    return function;
}

const char *owner_word(const void *function) {
    if (function == NULL)
        return "absent";
    HMODULE module = module_of(function);
    if (module == module_of((const void *)(uintptr_t)under_test.malloc))
        return "own";
    return module == GetModuleHandleA(own_runtime) ? "runtime" : "other";
}

static bool names_hold(const char *names, const char *name) {
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)) != NULL; at += length)
        if ((at == names || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

void family_require(const struct family *family, const char *names) {
#define REQUIRE(result, name, parameters)                                                                             \
    if (names_hold(names, #name) && (any_function *)family->name == (any_function *)lacking_##name)                   \
        probe_lacking(#name, "not provided by the allocator");
    FAMILY(REQUIRE)
#undef REQUIRE
}

void *symbol_of_process(const char *name) {
    HMODULE modules[512];
    DWORD bytes = 0;
    any_function *address = NULL;
    if (K32EnumProcessModules(GetCurrentProcess(), modules, sizeof modules, &bytes))
        for (size_t i = 0; address == NULL && i < bytes / sizeof *modules && i < COUNT_OF(modules); i++)
            address = (any_function *)GetProcAddress(modules[i], name);
    return (void *)(uintptr_t)address;
}

void *symbol_of_library(const char *library, const char *name) {
    HMODULE module = LoadLibraryA(library);
    return module != NULL ? (void *)(uintptr_t)(any_function *)GetProcAddress(module, name) : NULL;
}
#endif
