"""---
title    = "a deleted NumPy array gives all pages of its data back from this size on"
norm     = "record"
source   = ["NumPy Reference, Memory management in NumPy", "mallopt(3) M_MMAP_THRESHOLD"]
fault    = "free-keeps-large"
needs    = ["numpy"]
exact    = ["bytes"]
---"""
import sys

import probe

BYTES_HEADER = sys.getsizeof(b"")


def bytes_of_size(n):
    """A block as large as the data of an array of n bytes, before there are arrays."""
    return b"x" * max(0, n - BYTES_HEADER)


def whole_object(block):
    return id(block), sys.getsizeof(block)


def array_data(block):
    return block.__array_interface__["data"][0], block.nbytes


@probe.main
def rule():
    probe.witness_begin()
    before = probe.smallest_returned(bytes_of_size, whole_object)
    numpy = probe.module("numpy")

    def written_array(n):
        block = numpy.empty(n, "u1")
        block.fill(1)
        return block

    after = probe.report_threshold(written_array, array_data)
    if after is not None:
        probe.fact("moved_by_import", "no" if before == after else "yes")
