/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Half of what lies in memory after a start is code and tables of the libraries
 * that nothing but the start needs: relocations, symbols, self tests.  Nothing
 * was written there, so that every page can be had again from its file.
 */
#include "base/trim.h"

#include <link.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

static bool changes_code(const ElfW(Dyn) * entry)
{
	for (; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_TEXTREL ||
		    (entry->d_tag == DT_FLAGS &&
		     entry->d_un.d_val & DF_TEXTREL))
			return true;
	return false;
}

/* Where the linker wrote into code, its file has it in another form. */
static bool is_as_in_file(const struct dl_phdr_info *object)
{
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		if (segment->p_type == PT_DYNAMIC &&
		    changes_code(
			    (void *)(object->dlpi_addr + segment->p_vaddr)))
			return false;
	}
	return true;
}

static int trim_object(struct dl_phdr_info *object, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	if (!is_as_in_file(object))
		return 0;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + segment->p_vaddr;
		uintptr_t skew = start % page;

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			madvise((void *)(start - skew), segment->p_memsz + skew,
				MADV_DONTNEED);
	}
	return 0;
}

void trim_code(void)
{
	dl_iterate_phdr(trim_object, NULL);
}
