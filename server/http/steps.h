/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_STEPS_H
#define SERVER_HTTP_STEPS_H

/* Between the files of the pipeline: its steps, and what they have in common.
 * Nothing else includes this. */

#include "base/err.h"

struct exchange;
struct pool;

/* What a step came to. */
enum step_result {
	STEP_NEXT,     /* go on with the next */
	STEP_BODY,     /* take the body first */
	STEP_WAIT,     /* a worker has it */
	STEP_ANSWERED, /* there is an answer, nothing more is to be done */
};

/* Have a thread of a pool do something for it, then go on. */
enum step_result step_to_pool(struct exchange *exchange, struct pool *pool,
			      void (*work)(struct exchange *));

/* Answer with a failure; whatever the handler holds is closed first. */
enum step_result step_fail(struct exchange *exchange, const struct err *err);

/* The same with a text of ours, and a status of its own unless that is 0. */
enum step_result step_refuse(struct exchange *exchange, enum err_code code,
			     int status, const char *text);

/* Where a client really is, and how often it asks (client_steps.c). */
enum step_result step_origin(struct exchange *exchange);
enum step_result step_address_rate(struct exchange *exchange);
enum step_result step_principal_rate(struct exchange *exchange);

/* Who asks, and may he (access_steps.c).  What is signed is found out by the
 * second of each kind, after the body has come. */
enum step_result step_authenticate(struct exchange *exchange);
enum step_result step_authorise(struct exchange *exchange);
enum step_result step_verify_body(struct exchange *exchange);
enum step_result step_authorise_body(struct exchange *exchange);

#endif
