"""---
title    = "NUMPY_WARN_IF_NO_MEM_POLICY=1 warns of an array that owns a block and has no handler to release it"
norm     = "must"
source   = ["NumPy Reference, Global Configuration Options: NUMPY_WARN_IF_NO_MEM_POLICY", "NEP 49"]
fault    = { none = "NumPy's promise, which no allocator below it can break" }
needs    = ["numpy"]
---"""
import os
import warnings

import families
import probe


@probe.main
def rule():
    os.environ["NUMPY_WARN_IF_NO_MEM_POLICY"] = "1"
    families.begin()
    families.add_numpy()
    if families.numpy_version < (1, 22):
        probe.lacking("NUMPY_WARN_IF_NO_MEM_POLICY", "not in this version of NumPy")
    block = families.named("malloc", 24).allocate(24)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        families.named("OWNDATA", 24).release(block)
    kinds = [warning.category.__name__ for warning in caught]
    probe.check(kinds == ["RuntimeWarning"], "the deletion warned of %s" % (", ".join(kinds) or "nothing"))
