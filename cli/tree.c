/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tree.h"

#include "base/err.h"
#include "base/jsonx.h"

bool tree_is_manifest(struct span media_type)
{
	static const char *const types[] = {
		MANIFEST_OCI_IMAGE, MANIFEST_OCI_INDEX, MANIFEST_DOCKER_IMAGE,
		MANIFEST_DOCKER_LIST};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (span_equal(media_type, span_of(types[i])))
			return true;
	return false;
}

int tree_item(const struct manifest *manifest, size_t at,
	      struct tree_item *ret_item, struct err *err)
{
	const struct manifest_item *item = &manifest->items[at];
	const json_t *children = json_object_get(manifest->tree, "manifests");

	if (!item->known) {
		err_set(err, ERR_UNSUPPORTED, "digest of unknown algorithm");
		return err_tell(err, "a manifest names content by a digest "
				     "that is neither sha256 nor sha512");
	}
	*ret_item = (struct tree_item){
		.content = {.digest = item->digest, .size = item->size},
		.elsewhere = item->elsewhere,
	};
	if (item->role != MANIFEST_CHILD)
		return 0;
	/* The items of an index are its manifests, in their order. */
	ret_item->media_type = span_of(json_string_value(
		json_object_get(json_array_get(children, at), "mediaType")));
	ret_item->is_manifest = tree_is_manifest(ret_item->media_type);
	return 0;
}

int tree_entry(const json_t *descriptor, struct tree_item *ret_item,
	       struct err *err)
{
	struct tree_item item = {.is_manifest = true};
	struct span digest = {0};
	int64_t size = 0;

	if (!json_is_object(descriptor))
		return err_set(err, ERR_INVALID, "an entry is no object");
	if (jsonx_text(descriptor, "mediaType", &item.media_type, err) < 0 ||
	    jsonx_text(descriptor, "digest", &digest, err) < 0 ||
	    jsonx_i64(descriptor, "size", &size, err) < 0)
		return -1;
	if (!tree_is_manifest(item.media_type))
		return 0;
	if (size < 0)
		return err_set(err, ERR_INVALID, "an entry has no valid size");
	item.content.size = (uint64_t)size;
	if (digest_parse(digest.text, digest.len, &item.content.digest, err) <
	    0)
		return err_wrap(err, "an entry of the list");
	*ret_item = item;
	return 1;
}

int tree_seen(json_t *seen, const struct digest *digest, struct err *err)
{
	char text[DIGEST_TEXT_SIZE];

	digest_format(digest, text);
	if (json_object_get(seen, text))
		return 1;
	if (json_object_set_new(seen, text, json_true()) < 0)
		return err_set(err, ERR_NO_MEMORY, "what was copied");
	return 0;
}
