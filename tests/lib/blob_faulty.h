/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_BLOB_FAULTY_H
#define TESTS_LIB_BLOB_FAULTY_H

/*
 * A blob driver in front of another one that does what real stores do on a bad
 * day.  With a zeroed plan it changes nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/blob_driver.h"

/* Calls that can be made to fail. */
enum blob_faulty_call {
	BLOB_FAULTY_CREATE,
	BLOB_FAULTY_STAGE_OPEN,
	BLOB_FAULTY_APPEND,
	BLOB_FAULTY_FLUSH,
	BLOB_FAULTY_STAGE_READ,
	BLOB_FAULTY_PUBLISH,
	BLOB_FAULTY_STAGE_REMOVE,
	BLOB_FAULTY_OPEN,
	BLOB_FAULTY_READ,
	BLOB_FAULTY_REMOVE,
	BLOB_FAULTY_CALL_COUNT,
};

struct blob_faulty_plan {
	size_t append_max; /* bytes an append takes at most, then it asks for
			      patience; 0: no bound */
	size_t read_max;   /* bytes a read gives at most; 0: no bound */
	uint64_t space;	   /* bytes of all appends until NO_SPACE; 0: no end */
	int64_t slow_us;   /* added to every call that blocks */

	/* How many calls of a kind fail with ERR_IO before they work again. */
	size_t fail[BLOB_FAULTY_CALL_COUNT];
};

/* Wrap inner, which is taken and freed with the new driver.  Ends the case if
 * there is no memory.  Any number of threads may use the driver. */
struct blob_driver *blob_faulty_new(struct blob_driver *inner,
				    const struct blob_faulty_plan *plan);

/* Go over to another plan; what was counted so far is forgotten. */
void blob_faulty_set(struct blob_driver *driver,
		     const struct blob_faulty_plan *plan);

#endif
