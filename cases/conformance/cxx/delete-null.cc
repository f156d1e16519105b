/*---
title   = "operator delete of a null pointer does nothing"
norm    = "must"
source  = ["C++17 [basic.stc.dynamic.deallocation]p3", "C++17 [new.delete.single] operator delete",
           "C++17 [new.delete.array] operator delete[]"]
fault   = "free-null-traps"
needs   = []
---*/
#include "sized_delete.h"

#include "probe.h"

static void *null() { return opaque(nullptr); }

/* Dies where it does not hold. */
PROBE {
    constexpr std::align_val_t alignment{64};
    ::operator delete(null());
    ::operator delete(null(), 24);
    ::operator delete(null(), alignment);
    ::operator delete(null(), 64, alignment);
    ::operator delete(null(), std::nothrow);
    ::operator delete(null(), alignment, std::nothrow);
    ::operator delete[](null());
    ::operator delete[](null(), 24);
    ::operator delete[](null(), alignment);
    ::operator delete[](null(), 64, alignment);
    ::operator delete[](null(), std::nothrow);
    ::operator delete[](null(), alignment, std::nothrow);
}
