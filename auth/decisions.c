/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/decisions.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth/authz.h"
#include "auth/scope.h"
#include "base/err.h"
#include "base/map.h"
#include "base/rand.h"
#include "storage/refname.h"

#define SETS 8192
#define WAYS 4
#define VERDICT_BITS 3 /* of the second word; 0: free */
#define CEILING_SIZE 16

/*
 * Two words that are read and written one at a time.  Whoever meets the first
 * of one decision and the second of another takes them for his only if both
 * hashes are his, which is as improbable as any other mistake of hashes.
 */
struct slot {
	_Atomic uint64_t first;	 /* hash[0] */
	_Atomic uint64_t second; /* hash[1], its last bits the decision */
};

struct decisions {
	uint64_t secret[2][2];	   /* immutable */
	_Atomic uint64_t replaced; /* which slot goes next */
	struct slot slots[SETS][WAYS];
};

int decisions_new(struct decisions **ret_decisions, struct err *err)
{
	struct decisions *decisions = calloc(1, sizeof(*decisions));

	if (!decisions)
		return err_set(err, ERR_NO_MEMORY, "decisions");
	if (rand_bytes(decisions->secret, sizeof(decisions->secret), err) < 0) {
		free(decisions);
		return -1;
	}
	*ret_decisions = decisions;
	return 0;
}

void decisions_free(struct decisions *decisions)
{
	free(decisions);
}

/* All of it: what a principal is called beyond his row is the session. */
struct decision_key decisions_key(const struct decisions *decisions,
				  uint64_t generation,
				  const struct authz_question *question)
{
	const struct principal *principal = question->principal;
	char text[64 + PRINCIPAL_NAME_SIZE + REFNAME_REPOSITORY_MAX];
	size_t name =
		principal->kind == PRINCIPAL_ROLE ? strlen(principal->name) : 0;
	size_t len = question->repository.len;
	struct {
		uint64_t generation;
		int64_t id;
		uint8_t ceiling[CEILING_SIZE];
		uint32_t kind;
		uint32_t action;
		uint64_t name;
	} fixed = {generation,	    principal->id,    {0},
		   principal->kind, question->action, name};

	_Static_assert(sizeof(fixed) == 48, "padding must not be hashed");
	if (principal->ceiling)
		memcpy(fixed.ceiling, ceiling_id(principal->ceiling),
		       CEILING_SIZE);
	memcpy(text, &fixed, sizeof(fixed));
	memcpy(text + sizeof(fixed), principal->name, name);
	if (len > 0)
		memcpy(text + sizeof(fixed) + name, question->repository.text,
		       len);
	struct span all = span_make(text, sizeof(fixed) + name + len);
	return (struct decision_key){
		.hash = {map_hash(decisions->secret[0], all),
			 map_hash(decisions->secret[1], all)}};
}

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

enum decision decisions_find(const struct decisions *decisions,
			     const struct decision_key *key)
{
	const struct slot *set = decisions->slots[key->hash[0] % SETS];

	for (size_t i = 0; i < WAYS; i++) {
		uint64_t second = load(&set[i].second);
		uint64_t differ = second ^ key->hash[1];

		if (load(&set[i].first) == key->hash[0] &&
		    (differ & ~(uint64_t)VERDICT_BITS) == 0)
			return (enum decision)(second & VERDICT_BITS);
	}
	return DECISION_UNKNOWN;
}

void decisions_keep(struct decisions *decisions, const struct decision_key *key,
		    enum decision decision)
{
	struct slot *set = decisions->slots[key->hash[0] % SETS];
	uint64_t at = atomic_fetch_add_explicit(&decisions->replaced, 1,
						memory_order_relaxed);
	struct slot *place = &set[at % WAYS];

	for (size_t i = 0; i < WAYS; i++)
		if (load(&set[i].first) == key->hash[0] ||
		    load(&set[i].first) == 0) {
			place = &set[i];
			break;
		}
	atomic_store_explicit(&place->first, key->hash[0],
			      memory_order_relaxed);
	atomic_store_explicit(&place->second,
			      (key->hash[1] & ~(uint64_t)VERDICT_BITS) |
				      (uint64_t)decision,
			      memory_order_relaxed);
}
