/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/grants.h"

#include <inttypes.h>
#include <stdlib.h>

#include "auth/managed.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "storage/meta_policies.h"

#define NAMES_MAX ((size_t)1 << 20)
#define COMPILED 16 /* bytes that one of a document may take, compiled */
#define DOCUMENT_MAX ((size_t)1 << 20) /* too long is for the parser to say */

DEFINE_CLEANUP(grants_unref_at, struct grants *, grants_unref)

static struct grants *grants_new(void)
{
	struct grants *grants = calloc(1, sizeof(*grants));

	if (!grants)
		return NULL;
	atomic_init(&grants->references, 1);
	grants->bytes = sizeof(*grants);
	grants->names = ARENA_INIT(NAMES_MAX);
	return grants;
}

struct grants *grants_ref(struct grants *grants)
{
	if (grants)
		atomic_fetch_add_explicit(&grants->references, 1,
					  memory_order_relaxed);
	return grants;
}

void grants_unref(struct grants *grants)
{
	if (!grants || atomic_fetch_sub_explicit(&grants->references, 1,
						 memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < grants->count; i++)
		policy_unref(
			(struct policy *)(uintptr_t)grants->sources[i].policy);
	free(grants->sources);
	arena_release(&grants->names);
	free(grants);
}

const struct policy *grants_policy(const struct grants *grants)
{
	return grants && grants->count > 0 ? grants->sources[0].policy : NULL;
}

/* ---- adding documents ---- */

static void damaged(struct grants *grants, struct span name,
		    const struct err *why)
{
	grants->damaged = true;
	log_event(LOG_ERROR, "policy_damaged", LOG_SPAN("policy", name),
		  LOG_TEXT("error", why->text), LOG_END);
}

static int copy_name(struct grants *grants, struct span *name, struct err *err)
{
	if (name->len == 0)
		return 0;
	name->text = arena_copy(&grants->names, name->text, name->len);
	if (!name->text)
		return err_set(err, ERR_NO_MEMORY, "names of policies");
	return 0;
}

static int add_source(struct grants *grants, struct policy_source source,
		      struct err *err)
{
	size_t size = (grants->count + 1) * sizeof(source);
	struct policy_source *sources = realloc(grants->sources, size);

	if (!sources)
		return err_set(err, ERR_NO_MEMORY, "policies");
	grants->sources = sources;
	if (copy_name(grants, &source.name, err) < 0 ||
	    copy_name(grants, &source.group, err) < 0)
		return -1;
	policy_ref((struct policy *)(uintptr_t)source.policy);
	sources[grants->count++] = source;
	return 0;
}

static int add_document(struct grants *grants, enum policy_kind kind,
			struct span document, struct policy_source source,
			struct err *err)
{
	struct policy *policy = NULL;
	struct err inner = ERR_INIT;

	if (policy_parse(kind, document, &policy, &inner) < 0) {
		if (inner.code == ERR_NO_MEMORY)
			return err_set(err, ERR_NO_MEMORY, "policy");
		damaged(grants, source.name, &inner);
		return 0;
	}
	source.policy = policy;
	grants->bytes += document.len * COMPILED;
	int added = add_source(grants, source, err);
	policy_unref(policy);
	return added;
}

/* ---- reading ---- */

struct reading {
	struct grants *grants; /* borrowed */
	struct span account;
};

static int add_attachment(void *context, const struct meta_attachment *found,
			  struct err *err)
{
	CLEANUP(buf_release) struct buf made = BUF_INIT(DOCUMENT_MAX);
	struct reading *reading = context;
	struct err inner = ERR_INIT;
	struct span document = found->document;
	struct policy_source source = {.name = found->policy,
				       .group = found->group};

	if (document.len == 0) {
		int ready = managed_document(found->policy, reading->account,
					     found->pattern, &made, &inner);
		if (ready == 0)
			err_set(&inner, ERR_CORRUPT,
				"it is attached, and is not there");
		if (ready <= 0) {
			damaged(reading->grants, found->policy, &inner);
			return 0;
		}
		if (buf_check(&made, err) < 0)
			return -1;
		document = buf_span(&made);
	}
	return add_document(reading->grants, POLICY_IDENTITY, document, source,
			    err);
}

int grants_of_principal(struct meta_tx *tx, struct span account, int64_t id,
			struct grants **ret_grants, struct err *err)
{
	CLEANUP(grants_unref_at) struct grants *grants = grants_new();
	struct reading reading = {.grants = grants, .account = account};

	if (!grants)
		return err_set(err, ERR_NO_MEMORY, "policies");
	if (meta_policy_effective(tx, id, add_attachment, &reading, err) < 0)
		return -1;
	*ret_grants = STEAL(grants);
	return 0;
}

int grants_of_document(enum policy_kind kind, struct span name,
		       struct span document, struct grants **ret_grants,
		       struct err *err)
{
	CLEANUP(grants_unref_at) struct grants *grants = grants_new();

	if (!grants)
		return err_set(err, ERR_NO_MEMORY, "policies");
	if (document.len > 0 &&
	    add_document(grants, kind, document,
			 (struct policy_source){.name = name}, err) < 0)
		return -1;
	*ret_grants = STEAL(grants);
	return 0;
}

int grants_of_repository(struct meta_tx *tx, struct meta_scope scope,
			 struct span repository, struct grants **ret_grants,
			 struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(DOCUMENT_MAX);
	int64_t id = 0;

	if (meta_repository_find(tx, scope, repository, &id, err) < 0 ||
	    meta_repository_policy(tx, id, &text, err) < 0)
		return -1;
	return grants_of_document(POLICY_REPOSITORY,
				  SPAN_LIT("repository policy"),
				  buf_span(&text), ret_grants, err);
}

int grants_of_registry(struct meta_tx *tx, struct meta_scope scope,
		       struct grants **ret_grants, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(DOCUMENT_MAX);

	if (meta_registry_policy(tx, scope, &text, err) < 0)
		return -1;
	return grants_of_document(POLICY_REGISTRY, SPAN_LIT("registry policy"),
				  buf_span(&text), ret_grants, err);
}
