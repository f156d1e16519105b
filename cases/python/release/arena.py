"""---
title    = "how much memory one small object holds in pymalloc, and where it goes when that is deleted"
norm     = "record"
source   = ["Python/C API Reference Manual, The pymalloc allocator"]
fault    = { none = "pymalloc has its arenas from the system itself; a preloaded allocator does not see them" }
needs    = []
core     = false
exact    = ["bytes"]
---"""
import probe

COUNT, LENGTH = 100000, 400
AROUND = 4 << 20  # a tenth of what the objects take, and more than an arena


def mapped_around(address):
    around = probe.witness_pages(address - AROUND, 2 * AROUND)
    return (around.total - around.unmapped) * probe.page_size()


@probe.main
def rule():
    probe.witness_begin()
    objects = [b"x" * LENGTH for _ in range(COUNT)]
    survivor = objects[COUNT // 2]
    address = id(survivor)
    mapped_around(address)  # what the first call of a function leaves would be in the survivor's arena
    objects[:] = [survivor]
    held = mapped_around(address)
    del survivor, objects
    pages = probe.witness_pages(address, LENGTH)
    probe.measure("bytes", held)
    probe.fact("fate", probe.fate_word(pages))
