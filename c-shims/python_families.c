/* Families of a Python process and what becomes of blocks that go from one to another. */
#if !defined(_WIN32)
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "aftermath.h"
#include "python_families.h"
#include "runtime.h"

#include <dlfcn.h>

typedef void *allocate_function(size_t size);
typedef void release_function(void *block);

/* ---- PyObject_GC_New ------------------------------------------------------------------------------------------- */

/* A tuple's: the one type of every version that may have any size. Include/object.h: PyVarObject */
struct object {
    intptr_t references;
    void *type;
    intptr_t length;
};

static void *tuple_type;
static void *(*new_collected)(void *type, intptr_t length);
static release_function *delete_collected;

static void *allocate_collected(size_t size) {
    size_t head = sizeof(struct object), item = sizeof(void *);
    return new_collected(tuple_type, size <= head ? 0 : (intptr_t)((size - head + item - 1) / item));
}

/* It reads the type of what it is given, and so it is given one. */
static void release_collected(void *block) {
    struct object *object = block;
    object->references = 1;
    object->type = tuple_type;
    delete_collected(block);
}

/* ---- NumPy ----------------------------------------------------------------------------------------------------- */

/* Slots of PyArray_API: numpy/_core/code_generators/numpy_api.py */
enum { ARRAY_TYPE = 2, ARRAY_NEW = 93, DATA_NEW = 288, DATA_FREE = 289, GET_HANDLER = 305 };
enum { NPY_UBYTE = 2, OWNDATA = 4 };

/* ndarraytypes.h: PyDataMem_Handler */
struct handler {
    char name[127];
    uint8_t version;
    struct {
        void *context;
        void *(*malloc)(void *context, size_t size);
        void *(*calloc)(void *context, size_t count, size_t size);
        void *(*realloc)(void *context, void *block, size_t size);
        void (*free)(void *context, void *block, size_t size);
    } allocator;
};

/* ndarraytypes.h: PyArrayObject_fields. The last two are there since 1.20 and 1.22. */
struct array {
    void *head[2];
    void *data;
    int dimension_count;
    intptr_t *dimensions, *strides;
    void *base, *descriptor;
    int flags;
    void *weak_references, *buffer_info, *handler;
};

typedef struct array *array_new(void *type, int dimension_count, const intptr_t *dimensions, int number, void *strides,
                                void *data, int item_size, int flags, void *object);

static void **numpy;
static void *capsule;
static struct handler *handler;
static size_t block_size;

static void *allocate_by_handler(size_t size) {
    block_size = size;
    return (handler->allocator.malloc)(handler->allocator.context, size);
}

static void release_by_handler(void *block) {
    (handler->allocator.free)(handler->allocator.context, block, block_size);
}

static struct array *array_on(void *block) {
    intptr_t length = (intptr_t)block_size;
    array_new *create = (array_new *)(uintptr_t)numpy[ARRAY_NEW];
    return create(numpy[ARRAY_TYPE], 1, &length, NPY_UBYTE, NULL, block, 0, 0, NULL);
}

static void forget(void *object) {
    void (*release)(void *) = (void (*)(void *))(uintptr_t)dlsym(RTLD_DEFAULT, "Py_DecRef");
    release(object);
}

/* The data of an array that no longer owns it. */
static void *allocate_array_data(size_t size) {
    block_size = size;
    struct array *array = array_on(NULL);
    void *data = array->data;
    array->flags &= ~OWNDATA;
    forget(array);
    return data;
}

/* The deletion of an array that was told that it owns the block, and not by which handler. */
static void release_by_owner(void *block) {
    struct array *array = array_on(block);
    array->flags |= OWNDATA;
    forget(array);
}

/* ---- All ------------------------------------------------------------------------------------------------------- */

static struct python_family {
    const char *name, *allocator, *releaser, *library;
    allocate_function *allocate;
    release_function *release;
    bool keeps; /* up to seven freed blocks of each size */
} families[] = {
    {"malloc", "malloc", "free", NULL, NULL, NULL, false},
    {"new", "_Znwm", "_ZdlPv", "libstdc++.so.6", NULL, NULL, false},
    {"PyMem_RawMalloc", "PyMem_RawMalloc", "PyMem_RawFree", NULL, NULL, NULL, false},
    {"PyMem_Malloc", "PyMem_Malloc", "PyMem_Free", NULL, NULL, NULL, false},
    {"PyObject_Malloc", "PyObject_Malloc", "PyObject_Free", NULL, NULL, NULL, false},
    {"PyObject_GC_New", "_PyObject_GC_NewVar", "PyObject_GC_Del", NULL, NULL, NULL, false},
    {"g_malloc", "g_malloc", "g_free", "libglib-2.0.so.0", NULL, NULL, false},
    {"PyDataMem_NEW", NULL, NULL, NULL, NULL, NULL, false},
    {"handler", NULL, NULL, NULL, NULL, NULL, true},
    {"PyArray_malloc", NULL, NULL, NULL, NULL, NULL, false},
    {"array", NULL, NULL, NULL, NULL, NULL, true},
    {"OWNDATA", NULL, NULL, NULL, NULL, NULL, false},
};

static struct python_family *named(const char *name) {
    for (size_t i = 0; i < COUNT_OF(families); i++)
        if (strcmp(families[i].name, name) == 0)
            return &families[i];
    probe_violated("there is no family %s", name);
}

static void *look_up(const char *symbol, const char *library) {
    void *address = dlsym(RTLD_DEFAULT, symbol);
    void *loaded = address == NULL && library != NULL ? dlopen(library, RTLD_NOW | RTLD_LOCAL) : NULL;
    return loaded == NULL ? address : dlsym(loaded, symbol);
}

void families_begin(void) {
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        struct python_family *family = &families[i];
        if (family->allocator == NULL)
            continue;
        family->allocate = (allocate_function *)(uintptr_t)look_up(family->allocator, family->library);
        family->release = (release_function *)(uintptr_t)look_up(family->releaser, family->library);
    }
    struct python_family *collected = named("PyObject_GC_New");
    tuple_type = look_up("PyTuple_Type", NULL);
    new_collected = (void *(*)(void *, intptr_t))(uintptr_t)collected->allocate;
    delete_collected = collected->release;
    collected->allocate = allocate_collected;
    collected->release = release_collected;
}

static void set(const char *name, allocate_function *allocate, release_function *release) {
    named(name)->allocate = allocate;
    named(name)->release = release;
}

void families_of_numpy(void **api, bool has_handlers) {
    numpy = api;
    set("PyDataMem_NEW", (allocate_function *)(uintptr_t)api[DATA_NEW], (release_function *)(uintptr_t)api[DATA_FREE]);
    /* A macro in NumPy's header: PyMem_RawMalloc where there is one. */
    struct python_family *metadata = named("PyMem_RawMalloc");
    metadata = metadata->allocate != NULL ? metadata : named("PyMem_Malloc");
    set("PyArray_malloc", metadata->allocate, metadata->release);
    set("array", allocate_array_data, named("PyDataMem_NEW")->release);
    set("OWNDATA", NULL, release_by_owner);
    if (!has_handlers)
        return;
    void *(*get_handler)(void) = (void *(*)(void))(uintptr_t)api[GET_HANDLER];
    void *(*pointer_in)(void *, const char *) = (void *(*)(void *, const char *))(uintptr_t)look_up("PyCapsule_GetPointer", NULL);
    capsule = get_handler();
    handler = pointer_in(capsule, "mem_handler");
    set("handler", allocate_by_handler, release_by_handler);
    named("array")->release = release_by_handler;
}

/* ---- What becomes of them -------------------------------------------------------------------------------------- */

static const char *outcome;

static void report_outcome(void) {
    FACT("outcome", outcome);
    probe_report("done", NULL);
}

/* What is kept shall not be the block in question. */
static void fill_keeper(const struct python_family *family, size_t size) {
    void *blocks[16];
    if (!family->keeps)
        return;
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = family->allocate(size);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        family->release(blocks[i]);
}

void families_mix(const char *from_name, const char *to_name, size_t size) {
    const struct python_family *from = named(from_name), *to = named(to_name);
    if (from->allocate == NULL)
        probe_lacking(from->name, "not in this process");
    if (to->release == NULL)
        probe_lacking(to->name, "not in this process");
    block_size = size;
    if (to->allocate != NULL)
        aftermath_begin_with(size, to->allocate, to->release);
    else
        aftermath_begin(size);
    void *victim = from->allocate(size);
    aftermath_victim(victim, size, from->allocate, from->release);
    fill_keeper(from, size);
    fill_keeper(to, size);
    STAGE("freeing");
    to->release(victim);
    STAGE("later");
    outcome = aftermath_of_victim();
    atexit(report_outcome);
}

void families_call(const char *name, size_t size) {
    const struct python_family *family = named(name);
    if (family->allocate == NULL)
        probe_lacking(family->name, "not in this process");
    STAGE("calling");
    void *block = family->allocate(size);
    fill(block, size, 1);
    family->release(block);
    FACT("outcome", "silent");
}
#endif
