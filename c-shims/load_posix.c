/* Who answers, on POSIX: which module each function of the family comes from. */
#if !defined(_WIN32)
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include <dlfcn.h>
#include <sys/stat.h>
#if defined(__APPLE__)
#include <mach/mach.h>
#include <malloc/malloc.h>
#endif

#include "runtime.h" /* last: a header of the system's may declare what it has macros for */

/* Stubs for what the allocator under test does not provide. */
#define STUB(result, name, parameters)                                                                                \
    static _Noreturn void lacking_##name(void) { probe_lacking(#name, "called, and not provided by the allocator"); }
FAMILY(STUB)
#undef STUB

/* The addresses a program's own calls bind to. Weak, so that an absent one is NULL; dlsym would allocate the message of
 * its failure and so touch the heap before the probe does. */
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef aligned_alloc
#undef posix_memalign
#undef memalign
#undef valloc
#undef pvalloc
#undef reallocarray
#undef malloc_usable_size
#undef free_sized
#undef free_aligned_sized
#undef malloc_trim
#define WEAK(result, name, parameters) extern result name parameters __attribute__((weak));
FAMILY(WEAK)
#undef WEAK

struct module {
    const void *base;
    const char *path;
};

static struct module module_of(const void *address) {
    Dl_info info;
    if (address == NULL || dladdr(address, &info) == 0)
        return (struct module){NULL, ""};
    return (struct module){info.dli_fbase, info.dli_fname};
}

/* The platform's C runtime is the module that holds getenv: no allocator replaces that one. */
static struct module c_runtime(void) {
    char *(*volatile landmark)(const char *) = getenv;
    return module_of((const void *)(uintptr_t)landmark);
}

/* macOS has cut its own into many, which are in one folder: getenv is in another than malloc. */
static bool is_c_runtime(struct module module) {
#if defined(__APPLE__)
    if (strncmp(module.path, "/usr/lib/system/", strlen("/usr/lib/system/")) == 0)
        return true;
#endif
    return module.base == c_runtime().base;
}

static bool is_cxx_runtime(struct module module) {
    return strstr(module.path, "/libstdc++.") != NULL || strstr(module.path, "/libc++.") != NULL;
}

static bool is_runtime(struct module module) { return is_c_runtime(module) || is_cxx_runtime(module); }

/* All the C runtime's are one owner. */
static bool same_owner(struct module a, struct module b) {
    return a.base == b.base || (is_c_runtime(a) && is_c_runtime(b));
}

/* The module that answers the process' calls of malloc. On macOS an allocator may leave the function in place and put a
 * zone of its own first, which libSystem then asks. */
static struct module answering(struct module holder) {
#if defined(__APPLE__)
    vm_address_t *zones;
    unsigned count;
    if (is_c_runtime(holder) && malloc_get_all_zones(mach_task_self(), NULL, &zones, &count) == KERN_SUCCESS && count > 0)
        return module_of((const void *)(uintptr_t)((malloc_zone_t *)zones[0])->malloc);
#endif
    return holder;
}

static bool same_file(const char *a, const char *b) {
    struct stat of_a, of_b;
    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

static bool lacks(const void *address, struct module owner) {
    struct module module = module_of(address);
    if (address == NULL)
        return true;
    /* The C runtime is one owner; any other allocator that resolves there has not replaced the function. */
    return !same_owner(module, owner) && is_runtime(module);
}

const char *owner_word(const void *function) {
    struct module module = module_of(function);
    if (function == NULL)
        return "absent";
    if (same_owner(module, module_of((const void *)(uintptr_t)malloc)))
        return "own";
    return is_runtime(module) ? "runtime" : "other";
}

void need_modules(void) {
    if (c_runtime().base == NULL)
        probe_lacking("modules", "the program is static");
}

void family_of_process(struct family *family, const char *expect) {
    struct module owner = module_of((const void *)(uintptr_t)malloc), answers = answering(owner);
    family->module = answers.path;
    if (strcmp(expect, "native") == 0) {
        if (!is_c_runtime(answers))
            probe_not_loaded("malloc comes from %s, not from the platform's C runtime", answers.path);
    } else if (*expect != '\0' && !same_file(answers.path, expect)) {
        probe_not_loaded("malloc comes from %s, not from %s", answers.path, expect);
    }
#define BIND(result, name, parameters)                                                                                \
    family->name = lacks((const void *)(uintptr_t)name, owner) ? (result(*) parameters)lacking_##name : name;
    FAMILY(BIND)
#undef BIND
}

/* dlsym on a handle also searches what the library depends on: only the library's own functions count. */
static void *own_symbol(void *handle, const char *name, struct module owner) {
    void *address = dlsym(handle, name);
    return address != NULL && same_owner(module_of(address), owner) ? address : NULL;
}

/* A library that is opened may put a zone of its own first, and then answers for the platform's family too. */
static void check_platform(struct module opened) {
    static struct module holder;
    if (opened.base != NULL)
        holder = opened;
    if (holder.base != NULL && !is_c_runtime(answering(holder)))
        probe_not_loaded("the platform's malloc is answered by %s", answering(holder).path);
}

void family_open(struct family *family, const char *path) {
    /* A static program has no modules: its C runtime is its own. */
    if (*path == '\0' && c_runtime().base == NULL) {
        family_of_process(family, "native");
        return;
    }
    void *handle = *path != '\0' ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (*path != '\0' && handle == NULL)
        probe_not_loaded("%s", dlerror());
    struct module owner = handle != NULL ? module_of(dlsym(handle, "malloc")) : c_runtime();
    if (handle == NULL)
        handle = dlopen(owner.path, RTLD_NOW | RTLD_LOCAL);
    if (*path != '\0' && !same_file(owner.path, path))
        probe_not_loaded("malloc of %s comes from %s", path, owner.path);
    family->module = owner.path;
#define BIND(result, name, parameters)                                                                                \
    do {                                                                                                              \
        void *address = own_symbol(handle, #name, owner);                                                             \
        family->name = (result(*) parameters)(address != NULL ? (void (*)(void))(uintptr_t)address : lacking_##name); \
    } while (0);
    FAMILY(BIND)
#undef BIND
    check_platform(*path == '\0' ? module_of((const void *)(uintptr_t)family->malloc) : (struct module){NULL, ""});
}

void (*family_need(const struct family *family, const char *name))(void) {
    void *handle = dlopen(family->module, RTLD_NOW | RTLD_LOCAL);
    struct module owner = module_of(handle != NULL ? dlsym(handle, "malloc") : NULL);
    void *address = handle != NULL ? own_symbol(handle, name, owner) : NULL;
    if (address == NULL)
        probe_lacking(name, "not provided by the allocator");
    return (void (*)(void))(uintptr_t)address;
}

/* Is `name` one of `names`, which are separated by commas? */
static bool names_hold(const char *names, const char *name) {
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)) != NULL; at += length)
        if ((at == names || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

void family_require(const struct family *family, const char *names) {
#define REQUIRE(result, name, parameters)                                                                             \
    if (names_hold(names, #name) && (void (*)(void))family->name == lacking_##name)                                   \
        probe_lacking(#name, "not provided by the allocator");
    FAMILY(REQUIRE)
#undef REQUIRE
}

void *symbol_of_process(const char *name) { return dlsym(RTLD_DEFAULT, name); }

void *symbol_of_library(const char *library, const char *name) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    return handle != NULL ? dlsym(handle, name) : NULL;
}
#endif
