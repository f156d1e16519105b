//! What manuals say of where freed memory goes, and where they stand.

/// What the manual of a C runtime, or of the heap below it, has of the boundary.
pub struct Manual {
    pub boundary: &'static str,
    pub sources: &'static [(&'static str, &'static str)],
}

pub const GLIBC: Manual = Manual {
    boundary: "The C library's manual has the boundary (M_MMAP_THRESHOLD, 128 KiB and dynamic) and what ends the \
               movement. That importing a module moves the boundary follows from that, and stands nowhere.",
    sources: &[
        (
            "GNU C Library Reference Manual, Malloc Tunable Parameters: M_MMAP_THRESHOLD",
            "https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html",
        ),
        (
            "mallopt(3): M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD",
            "https://man7.org/linux/man-pages/man3/mallopt.3.html",
        ),
    ],
};

pub const WINDOWS: Manual = Manual {
    boundary: "The manual of HeapCreate has the boundary: slightly less than 1,024 KB in a process of 64 bit, 512 KB in \
               one of 32; the system has larger blocks by VirtualAlloc.",
    sources: &[(
        "HeapCreate, Remarks: large blocks of a heap that can grow",
        "https://learn.microsoft.com/en-us/windows/win32/api/heapapi/nf-heapapi-heapcreate#remarks",
    )],
};

pub const OTHER: Manual =
    Manual { boundary: "Where the C runtime's boundary is stands in no manual known here.", sources: &[] };

pub const INTERPRETERS: &str =
    "CPython's manual has its 512 B and its arenas; NumPy's says that data is had by malloc.";

pub const SOURCES: [(&str, &str); 3] = [
    (
        "Python/C API Reference Manual, Memory Management: the pymalloc allocator",
        "https://docs.python.org/3/c-api/memory.html#the-pymalloc-allocator",
    ),
    ("NumPy Reference, Memory management in NumPy", "https://numpy.org/doc/stable/reference/c-api/data_memory.html"),
    ("NEP 49, Data allocation strategies", "https://numpy.org/neps/nep-0049.html"),
];
