"""---
title    = "a block of one of NumPy's or the interpreter's families, released by another's function"
norm     = "record"
source   = ["NumPy Reference, Memory management in NumPy", "NEP 49", "Python/C API Reference Manual, Memory Management"]
fault    = "foreign-free-silent"
needs    = ["numpy"]
process  = "fork"
aslr     = "off"
core     = false
variants = { pairs = ["malloc", "new", "PyMem_RawMalloc", "PyMem_Malloc", "PyObject_Malloc", "PyObject_GC_New", "PyDataMem_NEW", "handler", "PyArray_malloc", "g_malloc"], size = ["24", "512", "513", "1048576"], env = ["", "malloc", "mimalloc", "debug"] }
---"""
import families
import probe


@probe.main
def rule():
    families.prepare(with_numpy=True)
    families.mix()
