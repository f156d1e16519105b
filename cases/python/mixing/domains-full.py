"""---
title    = "the same at the sizes around pymalloc's largest, with GLib's family, under every value of PYTHONMALLOC"
norm     = "record"
source   = ["Python/C API Reference Manual, Memory Management", "Python Setup and Usage, PYTHONMALLOC", "GLib Reference Manual, Memory Allocation"]
fault    = "foreign-free-silent"
needs    = []
process  = "fork"
aslr     = "off"
core     = false
variants = { pairs = ["malloc", "new", "PyMem_RawMalloc", "PyMem_Malloc", "PyObject_Malloc", "PyObject_GC_New", "g_malloc"], size = ["24", "512", "513", "1048576"], env = ["", "malloc", "pymalloc", "mimalloc", "debug", "malloc_debug", "pymalloc_debug"] }
---"""
import families
import probe


@probe.main
def rule():
    families.prepare()
    families.mix()
