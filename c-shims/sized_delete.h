/* sized_delete.h - the sized forms of operator delete. clang before 19 declares them only if it is told to. */
#ifndef ALLOCHECK_SIZED_DELETE_H
#define ALLOCHECK_SIZED_DELETE_H

#include <cstddef>
#include <new>

void operator delete(void *p, std::size_t size) noexcept;
void operator delete[](void *p, std::size_t size) noexcept;
void operator delete(void *p, std::size_t size, std::align_val_t alignment) noexcept;
void operator delete[](void *p, std::size_t size, std::align_val_t alignment) noexcept;

#endif
