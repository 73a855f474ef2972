/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"

#define ANNOTATIONS_MAX (4u << 20) /* no longer than a manifest */

/* Which members a document of a type has, and which it must not have. */
static const struct form {
	const char *media_type;
	bool is_index;
} forms[] = {
	{MANIFEST_OCI_IMAGE, false},
	{MANIFEST_OCI_INDEX, true},
	{MANIFEST_DOCKER_IMAGE, false},
	{MANIFEST_DOCKER_LIST, true},
};

static const char *const elsewhere_types[] = {
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
};

/* Refuse a manifest, telling the client the same as the log. */
static int refuse(struct err *err, const char *why)
{
	err_set(err, ERR_MANIFEST_INVALID, "%s", why);
	return err_tell(err, "manifest invalid: %s", why);
}

/* The inner failure of a getter, turned into a refusal. */
static int refuse_inner(struct err *err, const struct err *inner)
{
	if (inner->code == ERR_NO_MEMORY)
		return err_set(err, ERR_NO_MEMORY, "%s", inner->text);
	return refuse(err, inner->text);
}

static const struct form *form_find(struct span media_type)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (span_equal(media_type, span_of(forms[i].media_type)))
			return &forms[i];
	return NULL;
}

static struct span without_parameters(struct span content_type)
{
	struct span type = content_type;
	struct span parameters;

	span_cut(content_type, ';', &type, &parameters);
	return span_trim(type);
}

/* A type that neither the header nor the document says follows from its
 * members: OCI made mediaType optional. */
static const struct form *form_infer(const json_t *tree)
{
	return json_object_get(tree, "manifests") ? &forms[1] : &forms[0];
}

static int choose_form(const json_t *tree, struct span content_type,
		       struct span media_type, const struct form **ret_form,
		       struct err *err)
{
	struct span type = without_parameters(content_type);
	const struct form *form;

	if (type.len > 0 && media_type.len > 0 && !span_equal(type, media_type))
		return refuse(err, "Content-Type and mediaType differ");
	if (type.len == 0)
		type = media_type;
	form = type.len > 0 ? form_find(type) : form_infer(tree);
	if (!form)
		return refuse(err, "its media type is not one of an OCI image "
				   "manifest or index, or of Docker schema 2");
	*ret_form = form;
	return 0;
}

/* What would let another reader take the document for another kind. */
static int check_unambiguous(const json_t *tree, bool is_index, struct err *err)
{
	static const char *const of_images[] = {"config", "layers"};
	static const char *const of_schema1[] = {"fsLayers", "signatures"};

	for (size_t i = 0; i < 2; i++)
		if (json_object_get(tree, of_schema1[i]))
			return refuse(err, "it has members of Docker schema 1");
	if (!is_index && json_object_get(tree, "manifests"))
		return refuse(err, "an image manifest must not have manifests");
	for (size_t i = 0; is_index && i < 2; i++)
		if (json_object_get(tree, of_images[i]))
			return refuse(err, "an index must not have config or "
					   "layers");
	return 0;
}

static int check_schema_version(const json_t *tree, struct err *err)
{
	struct err inner = ERR_INIT;
	int64_t version = 0;
	int found = jsonx_i64(tree, "schemaVersion", &version, &inner);

	if (found < 0)
		return refuse_inner(err, &inner);
	if (found == 0 || version != 2)
		return refuse(err, "schemaVersion must be 2");
	return 0;
}

/* Annotations are strings by name; anything else could not be listed. */
static int check_annotations(const json_t *annotations, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)annotations, name, value)
	{
		(void)name;
		if (!json_is_string(value))
			return refuse(err, "an annotation is not a string");
	}
	return 0;
}

static bool is_elsewhere(struct span media_type)
{
	size_t count = sizeof(elsewhere_types) / sizeof(elsewhere_types[0]);

	for (size_t i = 0; i < count; i++)
		if (span_equal(media_type, span_of(elsewhere_types[i])))
			return true;
	return false;
}

/* mediaType, digest and size of a descriptor, as the specification wants. */
static int read_descriptor(const json_t *json, struct span *ret_type,
			   struct span *ret_digest, uint64_t *ret_size,
			   struct err *err)
{
	struct err inner = ERR_INIT;
	int64_t size = 0;
	int found;

	if (!json_is_object(json))
		return refuse(err, "a descriptor is not an object");
	found = jsonx_text(json, "mediaType", ret_type, &inner);
	if (found < 0)
		return refuse_inner(err, &inner);
	if (found == 0 || ret_type->len == 0)
		return refuse(err, "a descriptor has no mediaType");
	found = jsonx_text(json, "digest", ret_digest, &inner);
	if (found < 0)
		return refuse_inner(err, &inner);
	if (found == 0 ||
	    !digest_is_wellformed(ret_digest->text, ret_digest->len))
		return refuse(err, "a descriptor has no valid digest");
	found = jsonx_i64(json, "size", &size, &inner);
	if (found < 0)
		return refuse_inner(err, &inner);
	if (found == 0 || size < 0)
		return refuse(err, "a descriptor has no valid size");
	*ret_size = (uint64_t)size;
	return 0;
}

static int add_item(struct manifest *manifest, const json_t *json,
		    enum manifest_role role, struct err *err)
{
	struct manifest_item *item = &manifest->items[manifest->item_count];
	struct err unknown = ERR_INIT;
	struct span type = {0};
	struct span digest = {0};

	item->role = role;
	if (read_descriptor(json, &type, &digest, &item->size, err) < 0)
		return -1;
	item->known = digest_parse(digest.text, digest.len, &item->digest,
				   &unknown) == 0;
	item->elsewhere = role == MANIFEST_LAYER && is_elsewhere(type);
	manifest->item_count++;
	return 0;
}

/* Go writes an empty list and an absent map as null, and reads null as either;
 * clients count on that. */
static bool is_null(const json_t *tree, const char *name)
{
	return json_is_null(json_object_get(tree, name));
}

/* An optional array of descriptors; NULL where it is absent. */
static int find_array(const json_t *tree, const char *name, bool required,
		      json_t **ret_array, struct err *err)
{
	struct err inner = ERR_INIT;

	if (is_null(tree, name))
		return 0;
	int found = jsonx_array(tree, name, ret_array, &inner);
	if (found < 0)
		return refuse_inner(err, &inner);
	if (found == 0 && required)
		return refuse(err, "an index must have manifests");
	return 0;
}

static int make_room(struct manifest *manifest, size_t count, size_t max,
		     struct err *err)
{
	if (count > max) {
		err_set(err, ERR_TOO_LARGE,
			"manifest has %zu descriptors, over %zu", count, max);
		return err_tell(err,
				"the manifest has more than %zu "
				"descriptors",
				max);
	}
	manifest->items = calloc(count ? count : 1, sizeof(*manifest->items));
	if (!manifest->items)
		return err_set(err, ERR_NO_MEMORY, "manifest items");
	return 0;
}

static int read_items(struct manifest *manifest, const json_t *tree,
		      bool is_index, size_t max, struct err *err)
{
	const json_t *config = json_object_get(tree, "config");
	json_t *array = NULL;
	enum manifest_role role = is_index ? MANIFEST_CHILD : MANIFEST_LAYER;

	if (find_array(tree, is_index ? "manifests" : "layers", is_index,
		       &array, err) < 0)
		return -1;
	if (!is_index && !config)
		return refuse(err, "an image manifest must have a config");

	size_t count = array ? json_array_size(array) : 0;
	if (make_room(manifest, count + !is_index, max, err) < 0)
		return -1;
	if (!is_index && add_item(manifest, config, MANIFEST_CONFIG, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_item(manifest, json_array_get(array, i), role, err) < 0)
			return -1;
	return 0;
}

static int read_subject(struct manifest *manifest, const json_t *tree,
			struct err *err)
{
	const json_t *subject = json_object_get(tree, "subject");
	struct err unknown = ERR_INIT;
	struct span type = {0};
	uint64_t size = 0;

	if (!subject || json_is_null(subject))
		return 0;
	if (read_descriptor(subject, &type, &manifest->subject, &size, err) < 0)
		return -1;
	manifest->subject_known =
		digest_parse(manifest->subject.text, manifest->subject.len,
			     &manifest->subject_digest, &unknown) == 0;
	return 0;
}

/* What a listing of referrers says: the manifest's own artifactType, else the
 * media type of an image's config. */
static int read_artifact_type(struct manifest *manifest, const json_t *tree,
			      bool is_index, struct err *err)
{
	struct err inner = ERR_INIT;
	int found = jsonx_text(tree, "artifactType", &manifest->artifact_type,
			       &inner);

	if (found == 0 && !is_index)
		found = jsonx_text(json_object_get(tree, "config"), "mediaType",
				   &manifest->artifact_type, &inner);
	return found < 0 ? refuse_inner(err, &inner) : 0;
}

static int read_annotations(struct manifest *manifest, const json_t *tree,
			    struct err *err)
{
	struct err inner = ERR_INIT;
	json_t *annotations = NULL;

	if (is_null(tree, "annotations"))
		return 0;
	int found = jsonx_object(tree, "annotations", &annotations, &inner);
	if (found < 0)
		return refuse_inner(err, &inner);
	if (found == 0 || json_object_size(annotations) == 0)
		return 0;
	if (check_annotations(annotations, err) < 0)
		return -1;
	return jsonx_dump(annotations, &manifest->annotations, err);
}

static int read_tree(struct manifest *manifest, struct span content_type,
		     size_t items_max, struct err *err)
{
	const json_t *tree = manifest->tree;
	const struct form *form = NULL;
	struct err inner = ERR_INIT;
	struct span media_type = {0};

	if (!json_is_object(tree))
		return refuse(err, "it is not a JSON object");
	if (jsonx_text(tree, "mediaType", &media_type, &inner) < 0)
		return refuse_inner(err, &inner);
	if (choose_form(tree, content_type, media_type, &form, err) < 0)
		return -1;
	manifest->media_type = span_of(form->media_type);
	if (check_schema_version(tree, err) < 0 ||
	    check_unambiguous(tree, form->is_index, err) < 0 ||
	    read_items(manifest, tree, form->is_index, items_max, err) < 0 ||
	    read_subject(manifest, tree, err) < 0 ||
	    read_artifact_type(manifest, tree, form->is_index, err) < 0)
		return -1;
	return read_annotations(manifest, tree, err);
}

int manifest_parse(struct span body, struct span content_type, size_t items_max,
		   struct manifest *ret_manifest, struct err *err)
{
	CLEANUP(manifest_release)
	struct manifest manifest = {.annotations = BUF_INIT(ANNOTATIONS_MAX)};
	struct err inner = ERR_INIT;

	if (jsonx_parse(body, JSONX_DEPTH_MAX, &manifest.tree, &inner) < 0)
		return refuse_inner(err, &inner);
	if (read_tree(&manifest, content_type, items_max, err) < 0)
		return -1;
	*ret_manifest = manifest;
	memset(&manifest, 0, sizeof(manifest));
	return 0;
}

void manifest_release(struct manifest *manifest)
{
	buf_release(&manifest->annotations);
	free(manifest->items);
	json_decref(manifest->tree);
	memset(manifest, 0, sizeof(*manifest));
}
