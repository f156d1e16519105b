"""---
title    = "a deleted bytes object gives all its pages back from this length on"
norm     = "record"
source   = ["Python/C API Reference Manual, Memory Management", "mallopt(3) M_MMAP_THRESHOLD"]
fault    = "free-keeps-large"
needs    = []
exact    = ["bytes"]
---"""
import sys

import probe


def bytes_of_length(n):
    return b"x" * n


def whole_object(block):
    return id(block), sys.getsizeof(block)


@probe.main
def rule():
    probe.witness_begin()
    probe.report_threshold(bytes_of_length, whole_object)
