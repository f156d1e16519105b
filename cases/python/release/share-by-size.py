"""---
title    = "how much of an array's data is still resident when the array has been deleted, by its size"
norm     = "record"
source   = ["NumPy Reference, Memory management in NumPy", "mallopt(3) M_MMAP_THRESHOLD"]
fault    = "free-keeps-large"
needs    = ["numpy"]
core     = false
---"""
import probe

# Sizes from a page to 64 MiB, a few to each doubling: those of release/share-by-size.
STEPS, DOUBLINGS = 4, 14
GRAIN = 50  # an answer has six bits


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

    def share(n):
        pages = probe.pages_after_deletion(written_array, array_data, n)
        return GRAIN + 1 if pages.unknown else pages.resident * GRAIN // pages.total

    for step in range(STEPS * DOUBLINGS + 1):
        octave = 4096 << step // STEPS
        size = octave + octave // STEPS * (step % STEPS)
        answer = probe.in_child(share, size)
        if answer > GRAIN:
            probe.unobservable("nothing here tells the fate of %d bytes" % size)
        probe.measure("percent_of_%08d" % size, answer * (100 // GRAIN))
    probe.fact("largest", "stays" if answer else "gone")
