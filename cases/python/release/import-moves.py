"""---
title    = "importing NumPy moves the size from which on a deleted object gives all its pages back"
norm     = "record"
source   = ["NumPy Reference, Memory management in NumPy", "mallopt(3) M_MMAP_THRESHOLD"]
fault    = { none = "the reference allocator's line does not move" }
needs    = ["numpy"]
---"""
import sys

import probe

# Apart from array-threshold: asking before the import moves the line by a page or so as well.


def bytes_of_length(n):
    return b"x" * n


def whole_object(block):
    return id(block), sys.getsizeof(block)


@probe.main
def rule():
    probe.witness_begin()
    before = probe.smallest_returned(bytes_of_length, whole_object)
    probe.module("numpy")
    after = probe.smallest_returned(bytes_of_length, whole_object)
    if before is None or after is None:
        probe.fact("moved_by_import", "no-line")
    else:
        probe.fact("moved_by_import", "no" if before == after else "yes")
