"""families.py - a block of one of CPython's or NumPy's families, released by another's function: python_families.h.

A rule's variants are `FROM->TO size=BYTES`, and `env=` for PYTHONMALLOC."""
import ctypes
import gc
import os
import sys

import probe

_library = ctypes.PyDLL(os.environ["ALLOCHECK_PROBE_LIBRARY"])
_library.families_of_numpy.argtypes = [ctypes.c_void_p, ctypes.c_bool]
_library.families_mix.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
_library_without_gil = ctypes.CDLL(os.environ["ALLOCHECK_PROBE_LIBRARY"])
_library_without_gil.families_call.argtypes = [ctypes.c_char_p]
_size = ctypes.c_size_t.in_dll(_library, "families_size")


def prepare(with_numpy=False):
    """What all copies share."""
    probe.restart_with(PYTHONMALLOC=probe.word("env"))
    probe.witness_begin()
    _library.families_begin()
    if with_numpy:
        _add_numpy()
    gc.collect()
    # A collection between two steps of a copy would depend on how many objects there are.
    gc.disable()
    # At its end a copy then looks at its own objects only.
    getattr(gc, "freeze", lambda: None)()


def _add_numpy():
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a copy of a process has no other threads
    numpy = probe.module("numpy")
    names = ["numpy._core._multiarray_umath", "numpy.core._multiarray_umath", "numpy.core.multiarray"]
    core = next(sys.modules[name] for name in names if name in sys.modules)
    pointer_in = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_in.argtypes, pointer_in.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
    version = tuple(int(part) for part in numpy.__version__.split(".")[:2])
    _library.families_of_numpy(pointer_in(core._ARRAY_API, None), version >= (1, 22))


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
