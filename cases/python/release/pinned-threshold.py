"""---
title     = "the sizes from which on deletion gives pages back where GLIBC_TUNABLES pins M_MMAP_THRESHOLD at 131072"
norm      = "record"
source    = ["The GNU C Library, Memory Allocation Tunables", "mallopt(3) M_MMAP_THRESHOLD"]
fault     = "free-keeps-large"
needs     = ["numpy"]
core      = false
exact     = ["array", "bytearray", "bytes"]
platforms = ["linux"]
---"""
import ctypes
import sys

import probe


def whole_object(block):
    return id(block), sys.getsizeof(block)


def buffer(block):
    return ctypes.addressof(ctypes.c_char.from_buffer(block)), block.__alloc__()


def array_data(block):
    return block.__array_interface__["data"][0], block.nbytes


@probe.main
def rule():
    probe.restart_with(GLIBC_TUNABLES="glibc.malloc.mmap_threshold=131072")
    probe.witness_begin()
    numpy = probe.module("numpy")

    def written_array(n):
        block = numpy.empty(n, "u1")
        block.fill(1)
        return block

    probe.report_threshold(written_array, array_data, "array")
    probe.report_threshold(lambda n: bytearray(b"x") * n, buffer, "bytearray")
    probe.report_threshold(lambda n: b"x" * n, whole_object, "bytes")
