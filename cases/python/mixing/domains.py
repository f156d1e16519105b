"""---
title    = "a block of one of the interpreter's families, released by another's function"
norm     = "record"
source   = ["Python/C API Reference Manual, Memory Management", "Python/C API Reference Manual, Allocator Domains"]
fault    = "foreign-free-silent"
needs    = []
process  = "fork"
aslr     = "off"
variants = { pairs = ["malloc", "new", "PyMem_RawMalloc", "PyMem_Malloc", "PyObject_Malloc", "PyObject_GC_New"], size = ["24", "1048576"], env = ["", "debug"] }
---"""
import families
import probe


@probe.main
def rule():
    families.prepare()
    families.mix()
