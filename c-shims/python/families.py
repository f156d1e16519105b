"""families.py - a block of one of CPython's or NumPy's families, released by another's function: python_families.h.

A rule's variants are `FROM->TO size=BYTES`, and `env=` for PYTHONMALLOC."""
import ctypes
import gc
import os
import sys

import probe

probe.restart_with(PYTHONMALLOC=probe.word("env"))
_library = ctypes.PyDLL(os.environ["ALLOCHECK_PROBE_LIBRARY"])


class Family(ctypes.Structure):
    """struct python_family"""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("allocate", ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)),
        ("release", ctypes.PYFUNCTYPE(None, ctypes.c_void_p)),
        ("head", ctypes.c_size_t),
        ("keeps_below", ctypes.c_size_t),
    ]


_library.families_of_numpy.argtypes = [ctypes.c_void_p, ctypes.c_bool]
_library.python_family.argtypes = [ctypes.c_char_p]
_library.python_family.restype = ctypes.POINTER(Family)
_library.families_mix.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
_library_without_gil = ctypes.CDLL(os.environ["ALLOCHECK_PROBE_LIBRARY"])
_library_without_gil.families_call.argtypes = [ctypes.c_char_p]
_size = ctypes.c_size_t.in_dll(_library, "families_size")


def begin():
    """Looks the families up."""
    _library.families_begin()


def prepare(with_numpy=False):
    """What all copies share."""
    probe.witness_begin()
    begin()
    if with_numpy:
        add_numpy()
    gc.collect()
    # A collection between two steps of a copy would depend on how many objects there are.
    gc.disable()
    # At its end a copy then looks at its own objects only.
    getattr(gc, "freeze", lambda: None)()
    _library.families_settle()


def add_numpy():
    """Its table of functions, PyArray_API. NumPy's version as a pair of numbers is in `numpy_version` then."""
    global numpy_version
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a copy of a process has no other threads
    numpy = probe.module("numpy")
    numpy_version = tuple(int(part) for part in numpy.__version__.split(".")[:2])
    names = ["numpy._core._multiarray_umath", "numpy.core._multiarray_umath", "numpy.core.multiarray"]
    core = next(sys.modules[name] for name in names if name in sys.modules)
    api = _pointer_in(core._ARRAY_API)
    _library.families_of_numpy(api, numpy_version >= (1, 22))
    return ctypes.cast(api, ctypes.POINTER(ctypes.c_void_p))


def _pointer_in(capsule):
    if sys.version_info[0] == 2:  # there NumPy's is one of the older kind
        pointer = ctypes.pythonapi.PyCObject_AsVoidPtr
        pointer.argtypes, pointer.restype = [ctypes.py_object], ctypes.c_void_p
        return pointer(capsule)
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.argtypes, pointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
    return pointer(capsule, None)


def named(name, size):
    """A family, for blocks of this size."""
    _size.value = size
    return _library.python_family(name.encode()).contents


def mix():
    """The cell that the variant names, in a copy of its own."""
    probe.fork_here()
    source, target = probe.variant().split()[0].split("->")
    _size.value = int(probe.word("size"))
    _library.families_mix(source.encode(), target.encode())


def call_without_gil():
    """A block of `family=` in the variant, in a copy of its own."""
    probe.fork_here()
    _size.value = int(probe.word("size"))
    _library_without_gil.families_call(probe.word("family").encode())
