"""---
title    = "which values of PYTHONMALLOC this interpreter starts with"
norm     = "record"
source   = ["Python Setup and Usage, PYTHONMALLOC"]
fault    = { none = "the interpreter reads the value before it asks any allocator for memory" }
needs    = []
core     = false
---"""
import os

import probe

VALUES = ["default", "malloc", "pymalloc", "mimalloc", "debug", "malloc_debug", "pymalloc_debug", "mimalloc_debug"]


def starts_with(value):
    return probe.call_python(["-c", ""], dict(os.environ, PYTHONMALLOC=value)) == 0


@probe.main
def rule():
    reads = not starts_with("no_such_allocator")
    for value in VALUES:
        probe.fact(value, "ignored" if not reads else "taken" if starts_with(value) else "refused")
