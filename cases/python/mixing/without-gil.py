"""---
title    = "a block is allocated and released by a thread that does not hold the GIL"
norm     = "record"
source   = ["Python/C API Reference Manual, Memory Management: the GIL must be held, but for the raw domain"]
fault    = { none = "who holds the GIL is no question to an allocator" }
needs    = []
process  = "fork"
aslr     = "off"
variants = { family = ["PyMem_RawMalloc", "PyMem_Malloc", "PyObject_Malloc"], size = ["24", "1048576"], env = ["", "malloc", "mimalloc", "debug"] }
---"""
import families
import probe


@probe.main
def rule():
    families.prepare()
    families.call_without_gil()
