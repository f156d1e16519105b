"""---
title    = "the largest object whose memory comes from pymalloc; beyond it the C library's free gets it back"
norm     = "record"
source   = ["Python/C API Reference Manual, The pymalloc allocator"]
fault    = "free-leaks"
needs    = []
core     = false
exact    = ["bytes"]
---"""
import sys

import probe

HEADER = sys.getsizeof(b"")
SIZES = range(HEADER + 2, 1025)  # shorter ones are shared


def reaches_free(size):
    block = b"x" * (size - HEADER)
    address = id(block)
    del block
    return probe.malloc_hands_out(address, size)


@probe.main
def rule():
    reaching = [size for size in SIZES if reaches_free(size)]
    if not reaching or reaching != list(SIZES)[-len(reaching) :]:
        return probe.fact("limit", "not-monotone" if reaching else "none")
    probe.measure("bytes", reaching[0] - 1)
