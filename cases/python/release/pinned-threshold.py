"""---
title     = "a deletion gives all pages back from this size on where GLIBC_TUNABLES pins M_MMAP_THRESHOLD"
norm      = "record"
source    = ["The GNU C Library Reference Manual, Memory Allocation Tunables", "mallopt(3) M_MMAP_THRESHOLD"]
fault     = "free-keeps-large"
needs     = ["numpy"]
core      = false
variants  = ["array", "bytearray", "bytes"]
exact     = ["bytes"]
platforms = ["linux"]
---"""
import ctypes
import sys

import probe

probe.restart_with(GLIBC_TUNABLES="glibc.malloc.mmap_threshold=131072")


def whole_object(block):
    return id(block), sys.getsizeof(block)


def buffer(block):
    return ctypes.addressof(ctypes.c_char.from_buffer(block)), block.__alloc__()


def array_data(block):
    return block.__array_interface__["data"][0], block.nbytes


def blocks_until_top_is_small():
    """A heap that has just grown serves a little more than the threshold from its top, which is 128 KiB and a page."""
    program_break = ctypes.CDLL(None).sbrk
    program_break.restype = ctypes.c_size_t
    held = []
    while len(held) < 1000:
        held.append(bytearray(4096))
        if 0 < program_break(0) - buffer(held[-1])[0] < 128 << 10:
            break
    return held


@probe.main
def rule():
    probe.witness_begin()
    numpy = probe.module("numpy")
    held = blocks_until_top_is_small()

    def written_array(n):
        block = numpy.empty(n, "u1")
        block.fill(1)
        return block

    make, extent = {
        "array": (written_array, array_data),
        "bytearray": (lambda n: bytearray(b"x") * n, buffer),
        "bytes": (lambda n: b"x" * n, whole_object),
    }[probe.variant() or "array"]
    probe.report_threshold(make, extent)
