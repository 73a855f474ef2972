/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/digest.h"
#include "storage/meta_audit.h"
#include "storage/meta_events.h"
#include "storage/meta_repositories.h"
#include "storage/refname.h"
#include "storage/registry_internal.h"
#include "storage/space.h"
#include "storage/upload_table.h"

#define SWEEP_MS 10000		/* at most, between looks for expired uploads */
#define STAGES_SWEEP_MS 3600000 /* between looks for forgotten stages */

int registry_new(const struct registry_config *config,
		 const struct registry_parts *parts,
		 struct registry **ret_registry, struct err *err)
{
	struct registry *registry = calloc(1, sizeof(*registry));
	struct space_config space = {.low_water = config->low_water,
				     .reserve = config->reserve,
				     .dir_fd = parts->data_dir_fd};

	if (!registry)
		return err_set(err, ERR_NO_MEMORY, "registry");
	registry->config = *config;
	registry->parts = *parts;
	if (space_new(&space, parts->blobs, &registry->space, err) < 0 ||
	    upload_table_new(&registry->uploads, err) < 0) {
		registry_free(registry);
		return -1;
	}
	*ret_registry = registry;
	return 0;
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	upload_table_free(registry->uploads);
	space_free(registry->space);
	free(registry);
}

int registry_may_change(const struct registry *registry, struct err *err)
{
	if (registry->config.read_only)
		return err_set(err, ERR_READ_ONLY, "registry.read_only is set");
	return 0;
}

int registry_may_delete(const struct registry *registry, struct err *err)
{
	if (registry_may_change(registry, err) < 0)
		return -1;
	if (!registry->config.allow_delete)
		return err_set(err, ERR_DISABLED,
			       "registry.delete is switched off");
	return 0;
}

int registry_find_repository(struct meta_tx *tx, const struct registry_at *at,
			     int64_t *ret_id, struct err *err)
{
	int found = meta_repository_find(tx, at->scope, at->repository, ret_id,
					 err);

	if (found == 0)
		return err_set(err, ERR_REPOSITORY_UNKNOWN,
			       "no repository of that name");
	return found < 0 ? -1 : 0;
}

static int find_to_push(struct meta_tx *tx, const struct registry_at *at,
			int64_t *ret_id, struct err *err)
{
	int found = meta_repository_find(tx, at->scope, at->repository, ret_id,
					 err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	err_set(err, ERR_DENIED, "a push may not make the repository");
	return err_tell(err, "the repository does not exist, and making it "
			     "takes the permission ecr:CreateRepository");
}

int registry_check_target(const struct registry *registry, struct meta_tx *tx,
			  const struct registry_at *at, struct err *err)
{
	int64_t id = 0;

	if (!registry->config.create_on_push)
		return registry_find_repository(tx, at, &id, err);
	return at->may_create ? 0 : find_to_push(tx, at, &id, err);
}

int registry_ensure_repository(const struct registry *registry,
			       struct meta_tx *tx, const struct registry_at *at,
			       int64_t *ret_id, struct err *err)
{
	struct registry_change created = {.kind = "repository.create"};
	bool made = false;
	int64_t id = 0;

	if (!registry->config.create_on_push)
		return registry_find_repository(tx, at, ret_id, err);
	if (!at->may_create)
		return find_to_push(tx, at, ret_id, err);
	if (meta_repository_ensure(tx, at->scope, at->repository, &id, &made,
				   err) < 0)
		return -1;
	if (made && registry_event(tx, at, &created, err) < 0)
		return -1;
	*ret_id = id;
	return 0;
}

static struct span digest_text(const struct digest *digest,
			       char buffer[DIGEST_TEXT_SIZE])
{
	if (!digest)
		return (struct span){0};
	digest_format(digest, buffer);
	return span_of(buffer);
}

static int audit_change(struct meta_tx *tx, const struct registry_at *at,
			const struct registry_change *change,
			struct span before, struct span after, struct err *err)
{
	char target[REFNAME_REPOSITORY_MAX + 1 + REFNAME_TAG_MAX + 1];
	struct meta_audit entry = {
		.kind = span_of(change->kind),
		.outcome = SPAN_LIT("ok"),
		.actor = at->actor,
		.source = at->source,
		.request_id = at->request_id,
		.target = at->repository,
		.before = before,
		.after = after,
	};

	if (change->tag.len > 0) {
		snprintf(target, sizeof(target), "%.*s:%.*s",
			 SPAN_ARG(at->repository), SPAN_ARG(change->tag));
		entry.target = span_of(target);
	}
	return meta_audit_append(tx, at->scope.account, &entry, err);
}

int registry_event(struct meta_tx *tx, const struct registry_at *at,
		   const struct registry_change *change, struct err *err)
{
	char texts[2][DIGEST_TEXT_SIZE];
	struct span before = digest_text(change->before, texts[0]);
	struct span after = digest_text(change->after, texts[1]);
	struct meta_event event = {.kind = span_of(change->kind),
				   .repository = at->repository,
				   .digest = after.len > 0 ? after : before,
				   .tag = change->tag,
				   .actor = at->actor};

	if (meta_event_append(tx, at->scope, &event, err) < 0)
		return -1;
	if (change->minor)
		return 0;
	return audit_change(tx, at, change, before, after, err);
}

static void tell_changed(const struct registry *registry,
			 const struct registry_at *at)
{
	if (registry->parts.changed)
		registry->parts.changed(registry->parts.context, at->scope,
					at->repository);
}

int registry_write(const struct registry *registry,
		   const struct registry_at *at, meta_work_fn *work,
		   void *context, struct err *err)
{
	int done = meta_write(registry->parts.meta, work, context, err);

	tell_changed(registry, at);
	return done;
}

/* As often as the shortest life of an upload asks for. */
static int64_t sweep_ms(const struct registry *registry)
{
	int64_t expiry_ms = registry->config.upload_expiry_ms;

	return expiry_ms < SWEEP_MS ? expiry_ms : SWEEP_MS;
}

void registry_tidy(struct registry *registry)
{
	int64_t now = clock_monotonic_ms(registry->parts.clock);
	bool first = registry->stages_swept_ms == 0;

	space_look(registry->space);
	if (registry->swept_ms == 0 ||
	    now - registry->swept_ms >= sweep_ms(registry)) {
		registry->swept_ms = now;
		registry_uploads_expire(registry);
	}
	if (!first && now - registry->stages_swept_ms < STAGES_SWEEP_MS)
		return;
	registry->stages_swept_ms = now;

	/* Where no other server can have made them, stages that were there
	 * before this one started and have no session are nobody's. */
	bool alone = first && meta_exclusive(registry->parts.meta);
	registry_stages_sweep(registry,
			      alone ? 0 : registry->config.upload_expiry_ms);
}

void registry_read_counts(struct registry *registry,
			  struct registry_counts *ret_counts)
{
	struct registry_counts counts = {0};
	struct err full = ERR_INIT;

	upload_table_count(registry->uploads, &counts.uploads_active,
			   &counts.uploads_idle);
	counts.free_bytes = space_free_bytes(registry->space);
	counts.full = space_check(registry->space, &full) < 0;
	*ret_counts = counts;
}
