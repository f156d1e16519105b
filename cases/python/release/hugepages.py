"""---
title     = "NumPy asks for huge pages for the data of an array from this size on"
norm      = "record"
source    = ["NumPy Reference, Global configuration options, NUMPY_MADVISE_HUGEPAGE", "proc_pid_smaps(5) VmFlags"]
fault     = { none = "NumPy asks the system itself, whichever allocator has given it the block" }
needs     = ["numpy"]
core      = false
variants  = ["empty", "zeros"]
exact     = ["bytes"]
platforms = ["linux"]
---"""
import probe

LARGEST = 64 << 20


def flags_of(address):
    """The flags of the mapping that holds this address."""
    inside = False
    with open("/proc/self/smaps") as smaps:
        for words in map(str.split, smaps):
            if not words[0].endswith(":"):
                first, end = (int(number, 16) for number in words[0].split("-"))
                inside = first <= address < end
            elif inside and words[0] == "VmFlags:":
                return words[1:]
    return []


@probe.main
def rule():
    make = getattr(probe.module("numpy"), probe.variant() or "empty")
    try:
        shown = flags_of(id(make))
    except IOError:
        shown = []
    if not shown:
        probe.unobservable("/proc/self/smaps does not show the flags of a mapping")

    def asks(size):
        block = make(size, "u1")
        return "hg" in flags_of(block.__array_interface__["data"][0] + size // 2)

    if not probe.in_child(asks, LARGEST):
        return probe.fact("advice", "none")
    silent, asking = 1, LARGEST
    while asking - silent > 1:
        middle = (silent + asking) // 2
        if probe.in_child(asks, middle):
            asking = middle
        else:
            silent = middle
    probe.measure("bytes", asking)
