"""---
title    = "an array's data is released by the handler that allocated it, though another one is current by then"
norm     = "must"
source   = ["NEP 49: the handler is stored with each array", "NumPy Reference, PyDataMem_SetHandler"]
fault    = { none = "NumPy's promise, which no allocator below it can break" }
needs    = ["numpy"]
variants = { size = ["24", "1048576"] }
---"""
import ctypes

import families
import probe

NEW = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
NEW_ZEROED = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
RESIZE = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
FREE = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
SET_HANDLER = 304  # numpy/_core/code_generators/numpy_api.py


class Handler(ctypes.Structure):
    """PyDataMem_Handler, with its PyDataMemAllocator"""

    _fields_ = [
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("context", ctypes.c_void_p),
        ("malloc", NEW),
        ("calloc", NEW_ZEROED),
        ("realloc", RESIZE),
        ("free", FREE),
    ]


@probe.main
def rule():
    size = int(probe.word("size") or 24)
    families.begin()
    api = families.add_numpy()
    if families.numpy_version < (1, 22):
        probe.lacking("PyDataMem_SetHandler", "not in this version of NumPy")
    import numpy

    below = families.named("malloc", size)
    allocated, released = [], []

    def new(context, size):
        allocated.append((below.allocate(size), size))
        return allocated[-1][0]

    def free(context, block, size):
        released.append((block, size))
        below.release(block)

    def refuse(*arguments):
        return None

    handler = Handler(b"allocheck", 1, None, NEW(new), NEW_ZEROED(refuse), RESIZE(refuse), FREE(free))
    new_capsule = ctypes.pythonapi.PyCapsule_New
    new_capsule.restype = ctypes.py_object
    set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(api[SET_HANDLER])

    usual = set_handler(new_capsule(ctypes.byref(handler), b"mem_handler", None))
    block = numpy.empty(size, "u1")
    set_handler(usual)
    own = [(block.__array_interface__["data"][0], size)]
    probe.check(allocated == own, "the handler allocated %d blocks for an array of %d bytes" % (len(allocated), size))
    del block
    probe.check(released == own, "the handler released %d blocks for an array of %d bytes" % (len(released), size))
