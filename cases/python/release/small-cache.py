"""---
title    = "how many deleted arrays of one size NumPy keeps the data of, and from which size on it keeps none"
norm     = "record"
source   = ["NumPy source, numpy/_core/src/multiarray/alloc.cpp"]
fault    = "free-leaks"
needs    = ["numpy"]
core     = false
exact    = ["arrays", "bytes"]
---"""
import probe

COUNT = 32
LARGEST = 4096


def kept(empty, size):
    """How many arrays of this size are deleted before malloc hands out the data of one; COUNT if it never does."""
    arrays = [empty(size, "u1") for _ in range(COUNT)]
    for count in range(COUNT):
        address = arrays[count].__array_interface__["data"][0]
        arrays[count] = None
        if probe.malloc_hands_out(address, size):
            return count
    return COUNT


@probe.main
def rule():
    empty = probe.module("numpy").empty
    size, none_kept = 1, LARGEST
    while none_kept - size > 1:
        middle = (size + none_kept) // 2
        if kept(empty, middle) == 0:
            none_kept = middle
        else:
            size = middle
    probe.measure("arrays", kept(empty, size))
    probe.measure("bytes", none_kept)
