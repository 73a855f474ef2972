/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI distribution API, a row for each of its requests. */
#include "server/oci/oci.h"
#include "server/oci/token.h"

#define UPLOADS "/v2/{name}/blobs/uploads"

const struct route oci_routes[] = {
	{HTTP_GET, "/v2/", ACTION_LOGIN, DOOR_OCI, BODY_NONE, 0, "base",
	 &oci_base},
	{HTTP_HEAD, "/v2/", ACTION_LOGIN, DOOR_OCI, BODY_NONE, 0, "base",
	 &oci_base},
	{HTTP_GET, "/v2", ACTION_LOGIN, DOOR_OCI, BODY_NONE, 0, "base",
	 &oci_base},
	{HTTP_HEAD, "/v2", ACTION_LOGIN, DOOR_OCI, BODY_NONE, 0, "base",
	 &oci_base},
	{HTTP_GET, "/token", ACTION_BY_HANDLER, DOOR_OCI, BODY_NONE, 0, "token",
	 &oci_token_get},
	{HTTP_POST, "/token", ACTION_BY_HANDLER, DOOR_OCI, BODY_BUFFERED,
	 TOKEN_FORM_MAX, "token", &oci_token_post},
	{HTTP_GET, "/.well-known/jwks.json", ACTION_PUBLIC, DOOR_OCI, BODY_NONE,
	 0, "keys", &oci_keys},
	{HTTP_HEAD, "/.well-known/jwks.json", ACTION_PUBLIC, DOOR_OCI,
	 BODY_NONE, 0, "keys", &oci_keys},

	{HTTP_GET, "/v2/_catalog", ACTION_DESCRIBE_REPOSITORIES, DOOR_OCI,
	 BODY_NONE, 0, "catalog", &oci_catalog},
	{HTTP_HEAD, "/v2/_catalog", ACTION_DESCRIBE_REPOSITORIES, DOOR_OCI,
	 BODY_NONE, 0, "catalog", &oci_catalog},
	{HTTP_GET, "/v2/_oci/ext/discover", ACTION_LOGIN, DOOR_OCI, BODY_NONE,
	 0, "extensions", &oci_extensions},
	{HTTP_HEAD, "/v2/_oci/ext/discover", ACTION_LOGIN, DOOR_OCI, BODY_NONE,
	 0, "extensions", &oci_extensions},
	{HTTP_GET, "/v2/{name}/tags/list", ACTION_LIST_IMAGES, DOOR_OCI,
	 BODY_NONE, 0, "tags", &oci_tags},
	{HTTP_HEAD, "/v2/{name}/tags/list", ACTION_LIST_IMAGES, DOOR_OCI,
	 BODY_NONE, 0, "tags", &oci_tags},
	{HTTP_GET, "/v2/{name}/referrers/{digest}", ACTION_BATCH_GET_IMAGE,
	 DOOR_OCI, BODY_NONE, 0, "referrers", &oci_referrers},
	{HTTP_HEAD, "/v2/{name}/referrers/{digest}", ACTION_BATCH_GET_IMAGE,
	 DOOR_OCI, BODY_NONE, 0, "referrers", &oci_referrers},

	{HTTP_GET, "/v2/{name}/manifests/{reference}", ACTION_BATCH_GET_IMAGE,
	 DOOR_OCI, BODY_NONE, 0, "manifest", &oci_manifest_get},
	{HTTP_HEAD, "/v2/{name}/manifests/{reference}", ACTION_BATCH_GET_IMAGE,
	 DOOR_OCI, BODY_NONE, 0, "manifest", &oci_manifest_get},
	{HTTP_PUT, "/v2/{name}/manifests/{reference}", ACTION_PUT_IMAGE,
	 DOOR_OCI, BODY_BUFFERED, 0, "manifest", &oci_manifest_put},
	{HTTP_DELETE, "/v2/{name}/manifests/{reference}",
	 ACTION_BATCH_DELETE_IMAGE, DOOR_OCI, BODY_NONE, 0, "manifest",
	 &oci_manifest_delete},

	{HTTP_POST, UPLOADS "/", ACTION_INITIATE_LAYER_UPLOAD, DOOR_OCI,
	 BODY_STREAMED, 0, "upload_start", &oci_upload_post},
	{HTTP_POST, UPLOADS, ACTION_INITIATE_LAYER_UPLOAD, DOOR_OCI,
	 BODY_STREAMED, 0, "upload_start", &oci_upload_post},
	{HTTP_PATCH, UPLOADS "/{id}", ACTION_UPLOAD_LAYER_PART, DOOR_OCI,
	 BODY_STREAMED, 0, "upload", &oci_upload_patch},
	{HTTP_PUT, UPLOADS "/{id}", ACTION_COMPLETE_LAYER_UPLOAD, DOOR_OCI,
	 BODY_STREAMED, 0, "upload", &oci_upload_put},
	{HTTP_GET, UPLOADS "/{id}", ACTION_UPLOAD_LAYER_PART, DOOR_OCI,
	 BODY_NONE, 0, "upload", &oci_upload_get},
	{HTTP_DELETE, UPLOADS "/{id}", ACTION_UPLOAD_LAYER_PART, DOOR_OCI,
	 BODY_NONE, 0, "upload", &oci_upload_delete},

	{HTTP_GET, "/v2/{name}/blobs/{digest}", ACTION_GET_DOWNLOAD_URL,
	 DOOR_OCI, BODY_NONE, 0, "blob", &oci_blob_get},
	{HTTP_HEAD, "/v2/{name}/blobs/{digest}", ACTION_CHECK_LAYER, DOOR_OCI,
	 BODY_NONE, 0, "blob", &oci_blob_get},
	{HTTP_DELETE, "/v2/{name}/blobs/{digest}", ACTION_BATCH_DELETE_IMAGE,
	 DOOR_OCI, BODY_NONE, 0, "blob", &oci_blob_delete},
};

const size_t oci_route_count = sizeof(oci_routes) / sizeof(oci_routes[0]);
