"""---
title    = "a deleted NumPy array gives all pages of its data back from this size on"
norm     = "record"
source   = ["NumPy Reference, Memory management in NumPy", "mallopt(3) M_MMAP_THRESHOLD"]
fault    = "free-keeps-large"
needs    = ["numpy"]
exact    = ["bytes"]
---"""
import probe


def array_data(block):
    return block.__array_interface__["data"][0], block.nbytes


@probe.main
def rule():
    probe.witness_begin()
    numpy = probe.module("numpy")

    def written_array(n):
        block = numpy.empty(n, "u1")
        block.fill(1)
        return block

    probe.report_threshold(written_array, array_data)
