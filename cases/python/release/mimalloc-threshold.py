"""---
title    = "under CPython's mimalloc a deleted bytes object gives all its pages back from this length on"
norm     = "record"
source   = ["Python/C API Reference Manual, The mimalloc allocator", "mimalloc manual, MIMALLOC_PURGE_DELAY"]
fault    = { none = "this mimalloc is a part of the interpreter; a preloaded allocator does not replace it" }
needs    = []
core     = false
variants = { purge_delay = ["0", "-1"] }
exact    = ["length"]
---"""
import sys

import probe

# At once, or never. The default is in between: after 10 ms, when something else is released.
probe.restart_with(PYTHONMALLOC="mimalloc", MIMALLOC_PURGE_DELAY=probe.word("purge_delay"))


def whole_object(block):
    return id(block), sys.getsizeof(block)


@probe.main
def rule():
    probe.witness_begin()
    probe.report_threshold(lambda n: b"x" * n, whole_object, "length")
