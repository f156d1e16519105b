"""---
title    = "a block of one of the C runtimes in a Python process, released by another's function or the interpreter's"
norm     = "record"
source   = ["Python/C API Reference Manual, Memory Management", "Microsoft C runtime documentation, Potential errors passing CRT objects across DLL boundaries"]
fault    = { none = "it is about runtimes of Windows, of which no other system has several" }
needs    = []
process  = "fork"
aslr     = "off"
platforms = ["windows"]
variants = { pairs = ["malloc", "msvcrt", "HeapAlloc", "PyMem_RawMalloc", "PyMem_Malloc", "PyObject_Malloc"], size = ["24", "1048576"] }
---"""
import families
import probe


@probe.main
def rule():
    families.prepare()
    families.mix()
