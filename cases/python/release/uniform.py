"""---
title    = "how much of numpy.random.uniform(size=n) goes back to the system when it is deleted"
norm     = "record"
source   = ["NumPy Reference, numpy.random.uniform", "NumPy Reference, Memory management in NumPy"]
fault    = "free-keeps-large"
needs    = ["numpy", "numpy.random"]
variants = ["10000", "100000"]
exact    = ["kib"]
---"""
import probe


def array_data(block):
    return block.__array_interface__["data"][0], block.nbytes


@probe.main
def rule():
    probe.module("numpy")
    random = probe.module("numpy.random")
    probe.witness_begin()
    pages = probe.pages_after_deletion(lambda n: random.uniform(size=n), array_data, int(probe.variant() or 100000))
    if pages.unknown > 0:
        probe.unobservable("nothing here tells the fate of %d of %d pages" % (pages.unknown, pages.total))
    back = probe.pages_returned(pages)
    probe.fact("back", "all" if back == pages.total else "partly" if back > 0 else "none")
    probe.measure("kib", back * probe.page_size() // 1024)
