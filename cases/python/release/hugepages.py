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
PAGE = 4096


def flags_of(address):
    """The flags of the mapping that holds this address."""
    inside = False
    with open("/proc/self/smaps") as smaps:
        for line in smaps:
            words = line.split()
            if not words[0].endswith(":"):
                first, end = (int(number, 16) for number in words[0].split("-"))
                inside = first <= address < end
            elif inside and words[0] == "VmFlags:":
                return words[1:]
    return []


@probe.main
def rule():
    numpy = probe.module("numpy")
    make = getattr(numpy, probe.variant() or "empty")
    try:
        if not flags_of(id(numpy)):
            probe.unobservable("/proc/self/smaps does not show the flags of mappings")
    except IOError as error:
        probe.unobservable("/proc/self/smaps: %s" % error)

    def asks(size):
        block = make(size, "u1")
        return "hg" in flags_of(block.__array_interface__["data"][0] + size // 2)

    asked, kept = 1, LARGEST
    if not asks(LARGEST):
        return probe.fact("advice", "none")
    while kept - asked > 1:
        middle = (asked + kept) // 2
        asked, kept = (asked, middle) if asks(middle) else (middle, kept)
    probe.measure("bytes", kept)
