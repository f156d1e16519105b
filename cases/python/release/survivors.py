"""---
title    = "how much of 100,000 bytes objects of length 400 stays resident when all but one in K are deleted"
norm     = "record"
source   = ["Python/C API Reference Manual, The pymalloc allocator"]
fault    = "release-small-at-once"
needs    = []
core     = false
variants = { kept = ["none", "3000", "1000", "100"], env = ["", "malloc"] }
---"""
import ctypes

import probe

probe.restart_with(PYTHONMALLOC=probe.word("env"))

COUNT, LENGTH = 100000, 400

# Had before the first object: what is allocated behind the objects would hold what they leave.
indexes = range(COUNT)
objects = [None] * COUNT
addresses = (ctypes.c_size_t * COUNT)()


def make_objects():
    for i in indexes:
        objects[i] = b"x" * LENGTH
        addresses[i] = id(objects[i])


def delete_all_but_one_in(k):
    for i in indexes:
        if k == 0 or i % k > 0:
            objects[i] = None


def resident_pages():
    """How many of the pages that the objects began on are resident, and how many there are."""
    page = probe.page_size()
    last = resident = total = 0
    for address in addresses:
        if address // page != last:
            last = address // page
            resident += probe.witness_pages(last * page, page).resident
            total += 1
    return resident, total


@probe.main
def rule():
    probe.witness_begin()
    kept = probe.word("kept") or "none"
    delete_all_but_one_in(0)  # so that the call itself needs nothing more
    make_objects()
    delete_all_but_one_in(0 if kept == "none" else int(kept))
    resident, total = resident_pages()
    share = resident * 100 // total
    probe.fact("resident", "none" if share < 5 else "some" if share < 40 else "most" if share < 95 else "all")
    probe.measure("kib", resident * probe.page_size() // 1024)
