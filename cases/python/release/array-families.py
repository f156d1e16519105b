"""---
title    = "which family of CPython gives NumPy an array's data, its dimensions and the array object"
norm     = "record"
source   = ["NumPy Reference, Memory management in NumPy", "Python/C API Reference Manual, PyMem_SetupDebugHooks"]
fault    = { none = "NumPy chooses the family by itself, before any allocator is asked" }
needs    = ["numpy"]
core     = false
---"""
import ctypes

import probe

probe.restart_with(PYTHONMALLOC="debug")

DIMENSIONS = object.__basicsize__ + 16  # behind the address of the data and the number of dimensions
FORBIDDEN = (b"\xfd" * 7, b"\xfb" * 7)  # CPython 3.8 and later, and before
FAMILIES = {b"r": "pymem-raw", b"m": "pymem", b"o": "pyobject"}


def family(address):
    """Under the debug hooks a block is preceded by its family's letter and seven forbidden bytes."""
    mark = ctypes.string_at(address - 8, 8)
    return FAMILIES[mark[:1]] if mark[1:] in FORBIDDEN else "malloc"


@probe.main
def rule():
    array = probe.module("numpy").empty((3, 5, 7))
    probe.fact("data", family(array.__array_interface__["data"][0]))
    probe.fact("dimensions", family(ctypes.c_size_t.from_address(id(array) + DIMENSIONS).value))
    probe.fact("object", family(id(array)))
