/* mach/mach.h - stands in for the header of macOS where a rule about zones asks for the process' footprint: see zones.c. */
#ifndef ALLOCHECK_TEST_MACH_H
#define ALLOCHECK_TEST_MACH_H

#include <stdint.h>

typedef int kern_return_t, integer_t, *task_info_t;
typedef unsigned task_t, mach_msg_type_number_t;
typedef struct {
    uint64_t phys_footprint;
} task_vm_info_data_t;

enum { KERN_SUCCESS = 0, TASK_VM_INFO = 22, TASK_VM_INFO_COUNT = sizeof(task_vm_info_data_t) / sizeof(integer_t) };

static inline task_t mach_task_self(void) { return 0; }
__attribute__((weak)) extern kern_return_t task_info(task_t task, int flavor, task_info_t info,
                                                     mach_msg_type_number_t *count);

#endif
