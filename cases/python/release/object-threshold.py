"""---
title    = "a deleted bytes, bytearray, str, list or dict gives all pages of its content back from this length on"
norm     = "record"
source   = ["Python/C API Reference Manual, Memory Management", "mallopt(3) M_MMAP_THRESHOLD"]
fault    = "free-keeps-large"
needs    = []
core     = false
variants = { type = ["bytes", "bytearray", "str", "list", "dict"], env = ["", "debug"] }
exact    = ["length"]
---"""
import ctypes
import sys

import probe

probe.restart_with(PYTHONMALLOC=probe.word("env"))

# Behind the object's head: a list has its length, a dict its length and a version (Python 2: three counts).
LIST_ITEMS = object.__basicsize__ + 8
DICT_TABLE = object.__basicsize__ + (16 if sys.version_info[0] > 2 else 24)


def whole_object(block):
    return id(block), sys.getsizeof(block)


def buffer(block):
    return ctypes.addressof(ctypes.c_char.from_buffer(block)), block.__alloc__()


def behind(offset):
    """What the pointer at this offset of the object leads to."""
    return lambda block: (
        ctypes.c_size_t.from_address(id(block) + offset).value,
        block.__sizeof__() - type(block).__basicsize__,
    )


# How one of a length is made, where its content is, and the largest length that is asked.
TYPES = {
    "bytes": (lambda n: b"x" * n, whole_object, probe.LARGEST),
    "bytearray": (lambda n: bytearray(b"x") * n, buffer, probe.LARGEST),
    "str": (lambda n: "x" * n, whole_object, probe.LARGEST),
    "list": (lambda n: [None] * n, behind(LIST_ITEMS), probe.LARGEST // 8),
    "dict": (lambda n: dict.fromkeys(range(n)), behind(DICT_TABLE), 1 << 20),
}


@probe.main
def rule():
    probe.witness_begin()
    make, content, largest = TYPES[probe.word("type") or "bytes"]
    probe.report_threshold(make, content, "length", largest)
