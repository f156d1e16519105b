"""---
title    = "how much of 100,000 bytes objects of length 400 stays resident when all but one in K are deleted"
norm     = "record"
source   = ["Python/C API Reference Manual, The pymalloc allocator"]
fault    = "free-leaks"
needs    = []
core     = false
variants = { kept = ["none", "3000", "1000", "100"], env = ["", "malloc"] }
---"""
import ctypes

import probe

COUNT = 100000

# Had before the first object: what is allocated behind the objects would hold what they leave.
indexes = range(COUNT)
objects = [None] * COUNT
addresses = (ctypes.c_size_t * COUNT)()


def make_objects():
    for i in indexes:
        objects[i] = b"x" * (i % 2 + 399)
        addresses[i] = id(objects[i])


def delete_all_but_one_in(k):
    for i in indexes:
        if k == 0 or i % k > 0:
            objects[i] = None


@probe.main
def rule():
    probe.restart_with(PYTHONMALLOC=probe.word("env"))
    probe.witness_begin()
    kept = probe.word("kept") or "none"
    make_objects()
    delete_all_but_one_in(0 if kept == "none" else int(kept))
    page = probe.page_size()
    pages = set(address // page for address in addresses)
    resident = sum(probe.witness_pages(number * page, page).resident for number in pages)
    share = resident * 100 // len(pages)
    probe.fact("resident", "none" if share < 5 else "some" if share < 40 else "most" if share < 95 else "all")
    probe.measure("kib", resident * page // 1024)
