/*---
title     = "whose are the operators new and delete?"
norm      = "record"
source    = ["C++17 [replacement.functions]", "C++17 [new.delete.single]", "C++17 [new.delete.array]"]
fault     = { none = "which functions a library exports is settled when it is linked" }
needs     = []
platforms = ["linux", "macos"]
---*/
#include "sized_delete.h"

#include "probe.h"

template <typename Function> static const char *owner(Function *function) {
    return owner_word(reinterpret_cast<const void *>(function));
}

/* Of the operator and its array form. */
template <typename Function> static void report(const char *name, Function *single, Function *array) {
    FACT(name, strcmp(owner(single), owner(array)) == 0 ? owner(single) : "mixed");
}

PROBE {
    using std::align_val_t, std::nothrow_t;
    report<void *(size_t)>("new", ::operator new, ::operator new[]);
    report<void *(size_t, const nothrow_t &) noexcept>("new-nothrow", ::operator new, ::operator new[]);
    report<void *(size_t, align_val_t)>("new-aligned", ::operator new, ::operator new[]);
    report<void *(size_t, align_val_t, const nothrow_t &) noexcept>("new-aligned-nothrow", ::operator new, ::operator new[]);
    report<void(void *) noexcept>("delete", ::operator delete, ::operator delete[]);
    report<void(void *, const nothrow_t &) noexcept>("delete-nothrow", ::operator delete, ::operator delete[]);
    report<void(void *, size_t) noexcept>("delete-sized", ::operator delete, ::operator delete[]);
    report<void(void *, align_val_t) noexcept>("delete-aligned", ::operator delete, ::operator delete[]);
    report<void(void *, align_val_t, const nothrow_t &) noexcept>("delete-aligned-nothrow", ::operator delete,
                                                                    ::operator delete[]);
    report<void(void *, size_t, align_val_t) noexcept>("delete-sized-aligned", ::operator delete, ::operator delete[]);
}
