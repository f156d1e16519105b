/* Families of a Python process, by their names. */
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

#include "python_families.h"
#include "runtime.h"

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
/* numpy/_core/src/multiarray/alloc.c: NBUCKETS */
enum { NUMPY_KEEPS_BELOW = 1024 };

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
static struct handler *handler;
size_t families_size;

static void *allocate_by_handler(size_t size) {
    return (handler->allocator.malloc)(handler->allocator.context, size);
}

static void release_by_handler(void *block) {
    (handler->allocator.free)(handler->allocator.context, block, families_size);
}

static struct array *array_on(void *block) {
    intptr_t length = (intptr_t)families_size;
    array_new *create = (array_new *)(uintptr_t)numpy[ARRAY_NEW];
    return create(numpy[ARRAY_TYPE], 1, &length, NPY_UBYTE, NULL, block, 0, 0, NULL);
}

static void forget(void *object) {
    void (*release)(void *) = (void (*)(void *))(uintptr_t)symbol_of_process("Py_DecRef");
    release(object);
}

/* The data of an array that no longer owns it. */
static void *allocate_array_data(size_t size) {
    (void)size;
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

static struct python_family families[] = {
    {.name = "malloc"},
    {.name = "new"},
    {.name = "msvcrt"},
    {.name = "HeapAlloc"},
    {.name = "PyMem_RawMalloc"},
    {.name = "PyMem_Malloc"},
    {.name = "PyObject_Malloc"},
    {.name = "PyObject_GC_New", .head = 16 /* of PyGC_Head, the part that every version has */},
    {.name = "g_malloc"},
    {.name = "PyDataMem_NEW"},
    {.name = "handler", .keeps_below = NUMPY_KEEPS_BELOW},
    {.name = "PyArray_malloc"},
    {.name = "array", .keeps_below = NUMPY_KEEPS_BELOW},
    {.name = "OWNDATA", .keeps_below = NUMPY_KEEPS_BELOW},
};

struct python_family *python_family(const char *name) {
    for (size_t i = 0; i < COUNT_OF(families); i++)
        if (strcmp(families[i].name, name) == 0)
            return &families[i];
    probe_violated("there is no family %s", name);
}

static void *look_up(const char *symbol, const char *library) {
    void *address = symbol_of_process(symbol);
    return address == NULL && library != NULL ? symbol_of_library(library, symbol) : address;
}

static void set(const char *name, allocate_function *allocate, release_function *release) {
    python_family(name)->allocate = allocate;
    python_family(name)->release = release;
}

static void find(const char *name, const char *allocate, const char *release, const char *library) {
    set(name, (allocate_function *)(uintptr_t)look_up(allocate, library),
        (release_function *)(uintptr_t)look_up(release, library));
}

#if defined(_WIN32)
static void *allocate_on_heap(size_t size) { return HeapAlloc(GetProcessHeap(), 0, size); }
static void release_on_heap(void *block) { HeapFree(GetProcessHeap(), 0, block); }

static void find_runtime(const char *name, const char *library) {
    set(name, (allocate_function *)(uintptr_t)symbol_of_library(library, "malloc"),
        (release_function *)(uintptr_t)symbol_of_library(library, "free"));
}

/* A process has several C runtimes: CPython's own since 3.5, and that of extensions which MinGW built for it. Operator new
 * is a part of each module, and no function of the process. */
static void find_malloc(void) {
    find_runtime("malloc", "ucrtbase.dll");
    find_runtime("msvcrt", "msvcrt.dll");
    set("HeapAlloc", allocate_on_heap, release_on_heap);
}
#else
static void find_malloc(void) {
    find("malloc", "malloc", "free", NULL);
    find("new", "_Znwm", "_ZdlPv", "libstdc++.so.6");
}
#endif

void families_begin(void) {
    find_malloc();
    find("PyMem_RawMalloc", "PyMem_RawMalloc", "PyMem_RawFree", NULL);
    find("PyMem_Malloc", "PyMem_Malloc", "PyMem_Free", NULL);
    find("PyObject_Malloc", "PyObject_Malloc", "PyObject_Free", NULL);
    find("g_malloc", "g_malloc", "g_free", "libglib-2.0.so.0");
    tuple_type = look_up("PyTuple_Type", NULL);
    new_collected = (void *(*)(void *, intptr_t))(uintptr_t)look_up("_PyObject_GC_NewVar", NULL);
    delete_collected = (release_function *)(uintptr_t)look_up("PyObject_GC_Del", NULL);
    set("PyObject_GC_New", allocate_collected, release_collected);
}

void families_of_numpy(void **api, bool has_handlers) {
    numpy = api;
    set("PyDataMem_NEW", (allocate_function *)(uintptr_t)api[DATA_NEW], (release_function *)(uintptr_t)api[DATA_FREE]);
    /* A macro in NumPy's header: PyMem_RawMalloc where there is one. */
    struct python_family *metadata = python_family("PyMem_RawMalloc");
    metadata = metadata->allocate != NULL ? metadata : python_family("PyMem_Malloc");
    set("PyArray_malloc", metadata->allocate, metadata->release);
    set("array", allocate_array_data, release_by_owner);
    set("OWNDATA", allocate_array_data, release_by_owner);
    if (!has_handlers)
        return;
    void *(*get_handler)(void) = (void *(*)(void))(uintptr_t)api[GET_HANDLER];
    void *(*pointer_in)(void *, const char *) =
        (void *(*)(void *, const char *))(uintptr_t)look_up("PyCapsule_GetPointer", NULL);
    handler = pointer_in(get_handler(), "mem_handler");
    set("handler", allocate_by_handler, release_by_handler);
    set("array", allocate_array_data, release_by_handler);
    set("OWNDATA", NULL, release_by_owner);
}
