/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"

#define HEX "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define DIGEST "\"digest\":\"sha256:" HEX "\""
#define CONFIG                                                                 \
	"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+"     \
	"json\"," DIGEST ",\"size\":2}"
#define LAYER(type) "{\"mediaType\":\"" type "\"," DIGEST ",\"size\":7}"
#define TAR "application/vnd.oci.image.layer.v1.tar"

/* Parse an exact-size heap copy, so that a read past the end is seen. */
static int parse(const char *body, const char *type, struct manifest *manifest,
		 struct err *err)
{
	size_t len = strlen(body);
	char *copy = malloc(len);

	CHECK(copy);
	memcpy(copy, body, len);
	int done = manifest_parse(span_make(copy, len), span_of(type), 100,
				  manifest, err);
	free(copy);
	return done;
}

static void accepts(const char *body, const char *type, const char *want_type)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	struct err err = ERR_INIT;

	if (parse(body, type, &manifest, &err) < 0)
		check_text(__FILE__, __LINE__, err.text, body);
	CHECK(span_equal(manifest.media_type, span_of(want_type)));
}

static void refuses(const char *body, const char *type)
{
	struct manifest manifest;
	struct manifest before;
	struct err err = ERR_INIT;

	memset(&manifest, 0xa5, sizeof(manifest));
	before = manifest;
	if (parse(body, type, &manifest, &err) == 0)
		check_fail(__FILE__, __LINE__, body);
	CHECK(err.code == ERR_MANIFEST_INVALID);
	CHECK(err.tell[0] != '\0');
	CHECK(memcmp(&manifest, &before, sizeof(manifest)) == 0);
}

static void reads_what_an_image_names(void)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	struct err err = ERR_INIT;

	CHECK(parse("{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER(
			    TAR) "," LAYER("application/vnd.oci.image.layer."
					   "nondistributable.v1.tar+gzip") "]}",
		    MANIFEST_OCI_IMAGE, &manifest, &err) == 0);
	CHECK(manifest.item_count == 3);
	CHECK(manifest.items[0].role == MANIFEST_CONFIG);
	CHECK(manifest.items[0].size == 2);
	CHECK(manifest.items[1].role == MANIFEST_LAYER);
	CHECK(manifest.items[1].known && !manifest.items[1].elsewhere);
	CHECK(manifest.items[1].size == 7);
	CHECK(manifest.items[2].elsewhere);
	CHECK(span_equal(manifest.artifact_type,
			 SPAN_LIT("application/vnd.oci.image.config.v1+json")));
	CHECK(manifest.subject.len == 0);
}

static void reads_subject_artifact_type_and_annotations(void)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	struct err err = ERR_INIT;

	CHECK(parse("{\"schemaVersion\":2,\"artifactType\":\"a/b\"," CONFIG
		    ",\"subject\":" LAYER(
			    TAR) ",\"annotations\":{\"k\":\"v\\n\"}}",
		    MANIFEST_OCI_IMAGE, &manifest, &err) == 0);
	CHECK(manifest.item_count == 1);
	CHECK(manifest.subject_known);
	CHECK(span_equal(manifest.subject, SPAN_LIT("sha256:" HEX)));
	CHECK(span_equal(manifest.artifact_type, SPAN_LIT("a/b")));
	CHECK_TEXT(buf_text(&manifest.annotations), "{\"k\":\"v\\n\"}");
}

static void an_index_without_artifact_type_has_none(void)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	struct err err = ERR_INIT;

	CHECK(parse("{\"schemaVersion\":2,\"manifests\":[" LAYER(
			    MANIFEST_OCI_IMAGE) "]}",
		    MANIFEST_OCI_INDEX, &manifest, &err) == 0);
	CHECK(manifest.items[0].role == MANIFEST_CHILD);
	CHECK(manifest.artifact_type.len == 0);
}

static void the_type_comes_from_header_document_or_members(void)
{
	const char *image = "{\"schemaVersion\":2," CONFIG ",\"layers\":[]}";
	const char *index = "{\"schemaVersion\":2,\"manifests\":[]}";
	const char *typed =
		"{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_DOCKER_LIST
		"\",\"manifests\":[]}";

	accepts(image, MANIFEST_OCI_IMAGE, MANIFEST_OCI_IMAGE);
	accepts(image, MANIFEST_DOCKER_IMAGE, MANIFEST_DOCKER_IMAGE);
	accepts(image, MANIFEST_OCI_IMAGE "; charset=utf-8",
		MANIFEST_OCI_IMAGE);
	accepts(image, "", MANIFEST_OCI_IMAGE);
	accepts(index, "", MANIFEST_OCI_INDEX);
	accepts(typed, "", MANIFEST_DOCKER_LIST);
	accepts(typed, MANIFEST_DOCKER_LIST, MANIFEST_DOCKER_LIST);
	refuses(typed, MANIFEST_OCI_INDEX);
	refuses(image, "application/json");
	refuses(image, "application/vnd.docker.distribution.manifest.v1+"
		       "prettyjws");
}

static void takes_null_for_empty(void)
{
	accepts("{\"schemaVersion\":2," CONFIG ",\"layers\":null}",
		MANIFEST_OCI_IMAGE, MANIFEST_OCI_IMAGE);
	accepts("{\"schemaVersion\":2,\"manifests\":null}", MANIFEST_OCI_INDEX,
		MANIFEST_OCI_INDEX);
	accepts("{\"schemaVersion\":2," CONFIG
		",\"annotations\":null,\"subject\":null}",
		MANIFEST_OCI_IMAGE, MANIFEST_OCI_IMAGE);
	refuses("{\"schemaVersion\":2,\"config\":null}", MANIFEST_OCI_IMAGE);
	refuses("{\"schemaVersion\":2}", MANIFEST_OCI_INDEX);
	refuses("{\"schemaVersion\":2," CONFIG ",\"manifests\":null}",
		MANIFEST_OCI_IMAGE);
}

static void refuses_what_could_be_read_as_two_kinds(void)
{
	refuses("{\"schemaVersion\":2," CONFIG
		",\"layers\":[],\"manifests\":[]}",
		MANIFEST_OCI_IMAGE);
	refuses("{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
		MANIFEST_OCI_INDEX);
	refuses("{\"schemaVersion\":2,\"manifests\":[]," CONFIG "}",
		MANIFEST_OCI_INDEX);
	refuses("{\"schemaVersion\":2," CONFIG ",\"fsLayers\":[]}",
		MANIFEST_OCI_IMAGE);
	refuses("{\"schemaVersion\":2,\"manifests\":[]}", MANIFEST_OCI_IMAGE);
	refuses("{\"schemaVersion\":2," CONFIG "}", MANIFEST_OCI_INDEX);
	refuses("{\"schemaVersion\":2," CONFIG "," CONFIG "}",
		MANIFEST_OCI_IMAGE);
}

static void refuses_what_is_malformed(void)
{
	static const char *const bodies[] = {
		"",
		"null",
		"[]",
		"{",
		"{}",
		"{\"schemaVersion\":2}",
		"{\"schemaVersion\":1," CONFIG "}",
		"{\"schemaVersion\":\"2\"," CONFIG "}",
		"{" CONFIG "}",
		"{\"schemaVersion\":2,\"config\":[]}",
		"{\"schemaVersion\":2," CONFIG ",\"layers\":{}}",
		"{\"schemaVersion\":2," CONFIG ",\"layers\":[1]}",
		"{\"schemaVersion\":2," CONFIG ",\"layers\":[{}]}",
		"{\"schemaVersion\":2," CONFIG ",\"annotations\":[]}",
		"{\"schemaVersion\":2," CONFIG ",\"annotations\":{\"a\":1}}",
		"{\"schemaVersion\":2," CONFIG ",\"artifactType\":1}",
		"{\"schemaVersion\":2," CONFIG ",\"subject\":\"x\"}",
		"{\"schemaVersion\":2," CONFIG ",\"x\":\"\\u0000\"}",
		"{\"schemaVersion\":2," CONFIG ",\"x\":\"\xff\"}",
		"{\"schemaVersion\":2," CONFIG "} x",
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		refuses(bodies[i], MANIFEST_OCI_IMAGE);
}

static void refuses_bad_descriptors(void)
{
	static const char *const descriptors[] = {
		"{" DIGEST ",\"size\":1}",
		"{\"mediaType\":\"\"," DIGEST ",\"size\":1}",
		"{\"mediaType\":\"a/b\",\"size\":1}",
		"{\"mediaType\":\"a/b\",\"digest\":\"sha256:AB\",\"size\":1}",
		"{\"mediaType\":\"a/b\",\"digest\":\"sha256\",\"size\":1}",
		"{\"mediaType\":\"a/b\"," DIGEST "}",
		"{\"mediaType\":\"a/b\"," DIGEST ",\"size\":-1}",
		"{\"mediaType\":\"a/b\"," DIGEST ",\"size\":1.5}",
		"{\"mediaType\":\"a/b\"," DIGEST
		",\"size\":18446744073709551616}",
	};
	char body[1024];

	for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]);
	     i++) {
		snprintf(body, sizeof(body),
			 "{\"schemaVersion\":2," CONFIG ",\"layers\":[%s]}",
			 descriptors[i]);
		refuses(body, MANIFEST_OCI_IMAGE);
	}
}

static void takes_digests_of_algorithms_it_does_not_know(void)
{
	CLEANUP(manifest_release) struct manifest manifest = {0};
	struct err err = ERR_INIT;

	CHECK(parse("{\"schemaVersion\":2," CONFIG
		    ",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":"
		    "\"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46"
		    "HmX4Gx8\",\"size\":4}]}",
		    MANIFEST_OCI_IMAGE, &manifest, &err) == 0);
	CHECK(!manifest.items[1].known);
}

static void has_a_limit_of_descriptors(void)
{
	struct manifest manifest;
	struct err err = ERR_INIT;
	const char *body = "{\"schemaVersion\":2," CONFIG
			   ",\"layers\":[" LAYER(TAR) "," LAYER(TAR) "]}";

	CHECK(manifest_parse(span_of(body), SPAN_LIT(MANIFEST_OCI_IMAGE), 2,
			     &manifest, &err) < 0);
	CHECK(err.code == ERR_TOO_LARGE);
	err_clear(&err);
	CHECK(manifest_parse(span_of(body), SPAN_LIT(MANIFEST_OCI_IMAGE), 3,
			     &manifest, &err) == 0);
	manifest_release(&manifest);
}

static void refuses_every_truncation(void)
{
	const char *body =
		"{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER(TAR) "]}";
	struct manifest manifest;

	for (size_t len = 0; len < strlen(body); len++) {
		struct err err = ERR_INIT;

		CHECK(manifest_parse(span_make(body, len),
				     SPAN_LIT(MANIFEST_OCI_IMAGE), 10,
				     &manifest, &err) < 0);
	}
}

static const struct check_case cases[] = {
	CHECK_CASE(reads_what_an_image_names),
	CHECK_CASE(reads_subject_artifact_type_and_annotations),
	CHECK_CASE(an_index_without_artifact_type_has_none),
	CHECK_CASE(the_type_comes_from_header_document_or_members),
	CHECK_CASE(takes_null_for_empty),
	CHECK_CASE(refuses_what_could_be_read_as_two_kinds),
	CHECK_CASE(refuses_what_is_malformed),
	CHECK_CASE(refuses_bad_descriptors),
	CHECK_CASE(takes_digests_of_algorithms_it_does_not_know),
	CHECK_CASE(has_a_limit_of_descriptors),
	CHECK_CASE(refuses_every_truncation),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
