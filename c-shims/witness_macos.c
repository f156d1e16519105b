/* Page fate on macOS: vm_region_64 says what is mapped, vm_map_page_query which pages are there, and which of those
 * MADV_FREE_REUSABLE has left to the system. Compiled and linked; never run by us: the controls decide what is believed. */
#if defined(__APPLE__)
#include <mach/mach.h>
#include <sys/mman.h>

#include "runtime.h" /* last: <unistd.h> declares valloc */

enum { CONTROL_PAGES = 16 };

static bool reusable_believed;

/* The page at this address of a mapping. What the compressor holds is as much in use as what is resident. */
static void count_page(uintptr_t page, struct pages *pages) {
    integer_t is = 0, references = 0;
    if (vm_map_page_query(mach_task_self(), (vm_offset_t)page, &is, &references) != KERN_SUCCESS)
        pages->unknown++;
    else if (is & VM_PAGE_QUERY_PAGE_REUSABLE && reusable_believed)
        pages->lazy++;
    else if (is & (VM_PAGE_QUERY_PAGE_PRESENT | VM_PAGE_QUERY_PAGE_PAGED_OUT))
        pages->resident++;
    else
        pages->decommitted++;
}

/* Where the first mapping that ends behind this address begins, SIZE_MAX if there is none; its end in `end`. */
static uintptr_t next_mapping(uintptr_t address, uintptr_t *end) {
    vm_address_t at = (vm_address_t)address;
    vm_size_t size = 0;
    vm_region_basic_info_data_64_t info;
    mach_msg_type_number_t count = VM_REGION_BASIC_INFO_COUNT_64;
    mach_port_t object = MACH_PORT_NULL;
    if (vm_region_64(mach_task_self(), &at, &size, VM_REGION_BASIC_INFO_64, (vm_region_info_t)&info, &count, &object) !=
        KERN_SUCCESS)
        return SIZE_MAX;
    *end = (uintptr_t)at + size;
    return (uintptr_t)at;
}

struct pages witness_pages(const void *p, size_t n) {
    size_t page = page_size();
    uintptr_t first = (uintptr_t)p / page * page, end = ((uintptr_t)p + n + page - 1) / page * page;
    struct pages pages = {.total = (end - first) / page};
    while (first < end) {
        uintptr_t stop = end, mapped = next_mapping(first, &stop);
        uintptr_t gap = mapped < end ? mapped : end;
        if (first < gap) {
            pages.unmapped += (gap - first) / page;
            first = gap;
        }
        for (; first < end && first < stop; first += page)
            count_page(first, &pages);
    }
    return pages;
}

bool witness_unmapped(const void *p, size_t n) { return witness_pages(p, n).unmapped > 0; }

/* ---- Controls ---------------------------------------------------------------------------------------------------- */

static bool all(struct pages pages, size_t some) { return pages.total == CONTROL_PAGES && some == CONTROL_PAGES; }

static char *control_block(size_t n) {
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (p == MAP_FAILED)
        probe_unobservable("mmap of %zu bytes for the witnesses' control failed", n);
    return p;
}

/* Not yet written, then written, then unmapped. */
static bool query_follows(void) {
    size_t n = CONTROL_PAGES * page_size();
    char *block = control_block(n);
    struct pages pages = witness_pages(block, n);
    bool right = all(pages, pages.decommitted);
    fill(block, n, 1);
    pages = witness_pages(block, n);
    right = right && all(pages, pages.resident);
    munmap(block, n);
    pages = witness_pages(block, n);
    return right && all(pages, pages.unmapped);
}

static bool reusable_follows(void) {
    size_t n = CONTROL_PAGES * page_size();
    char *block = control_block(n);
    reusable_believed = true;
    fill(block, n, 1);
    struct pages pages = witness_pages(block, n);
    bool right = all(pages, pages.resident) && madvise(block, n, MADV_FREE_REUSABLE) == 0;
    pages = witness_pages(block, n);
    right = right && all(pages, pages.lazy);
    munmap(block, n);
    return right;
}

void witness_begin(void) {
    reusable_believed = false;
    if (!query_follows())
        probe_unobservable("vm_map_page_query does not tell a written page from an untouched or unmapped one here");
    reusable_believed = reusable_follows();
    probe_report("witness", reusable_believed ? "vm_region,vm_map_page_query,reusable" : "vm_region,vm_map_page_query");
}

void witness_settle(void) {}

struct holds process_holds(void) {
    task_vm_info_data_t info;
    mach_msg_type_number_t count = TASK_VM_INFO_COUNT;
    if (task_info(mach_task_self(), TASK_VM_INFO, (task_info_t)&info, &count) != KERN_SUCCESS)
        probe_unobservable("task_info does not tell what this process holds");
    return (struct holds){(size_t)info.virtual_size / page_size(), (size_t)info.phys_footprint / page_size()};
}

bool witness_sees_lazy(void) { return reusable_believed; }
#endif
