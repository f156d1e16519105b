"""---
title    = "an array is deleted that owns a foreign block, or its data is released by another's function"
norm     = "record"
source   = ["NumPy Reference, Memory management in NumPy", "NumPy Reference, NPY_ARRAY_OWNDATA"]
fault    = "foreign-free-silent"
needs    = ["numpy"]
process  = "fork"
aslr     = "off"
variants = [
    "malloc->OWNDATA size=24", "malloc->OWNDATA size=1048576",
    "PyMem_RawMalloc->OWNDATA size=24", "PyMem_RawMalloc->OWNDATA size=1048576",
    "PyMem_Malloc->OWNDATA size=24", "PyMem_Malloc->OWNDATA size=1048576",
    "array->OWNDATA size=24", "array->OWNDATA size=1048576",
    "array->malloc size=24", "array->malloc size=1048576",
    "array->PyMem_RawMalloc size=24", "array->PyMem_RawMalloc size=1048576",
    "array->PyDataMem_NEW size=24", "array->PyDataMem_NEW size=1048576",
    "malloc->OWNDATA size=24 env=debug", "malloc->OWNDATA size=1048576 env=debug",
    "PyMem_RawMalloc->OWNDATA size=24 env=debug", "PyMem_RawMalloc->OWNDATA size=1048576 env=debug",
    "PyMem_Malloc->OWNDATA size=24 env=debug", "PyMem_Malloc->OWNDATA size=1048576 env=debug",
    "array->OWNDATA size=24 env=debug", "array->OWNDATA size=1048576 env=debug",
    "array->malloc size=24 env=debug", "array->malloc size=1048576 env=debug",
    "array->PyMem_RawMalloc size=24 env=debug", "array->PyMem_RawMalloc size=1048576 env=debug",
    "array->PyDataMem_NEW size=24 env=debug", "array->PyDataMem_NEW size=1048576 env=debug",
]
---"""
import families
import probe


@probe.main
def rule():
    families.prepare(with_numpy=True)
    families.mix()
