/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/wire.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"

#define SCRATCH (64 * 1024) /* bytes of TLS thrown away at a time */

int wire_context(struct ssl_ctx_st **ret_context, struct err *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return err_set(err, ERR_NO_MEMORY, "no memory for TLS");
	/* With partial writes a call returns once it has moved something. */
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	*ret_context = context;
	return 0;
}

int wire_secure(struct wire *wire, struct ssl_ctx_st *context, struct err *err)
{
	wire->tls = SSL_new(context);
	if (!wire->tls || SSL_set_fd(wire->tls, wire->fd) != 1)
		return err_set(err, ERR_NO_MEMORY, "no memory for TLS");
	if (SSL_connect(wire->tls) != 1)
		return err_set(err, ERR_UNAVAILABLE, "no TLS handshake");
	return 0;
}

void wire_close(struct wire *wire)
{
	SSL_free(wire->tls);
	wire->tls = NULL;
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = -1;
}

/* 0 is the end of the stream, as of recv. */
static ssize_t tls_result(struct wire *wire, int result)
{
	if (result > 0)
		return result;
	switch (SSL_get_error(wire->tls, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		errno = EPROTO;
		return -1;
	}
}

ssize_t wire_send(struct wire *wire, const struct iovec *parts, size_t count)
{
	struct msghdr message = {.msg_iovlen = count};

	/* TLS makes records of what one call brings; bodies come in parts that
	 * are longer. */
	if (wire->tls)
		return tls_result(wire, SSL_write(wire->tls, parts[0].iov_base,
						  (int)parts[0].iov_len));
	message.msg_iov = (struct iovec *)(uintptr_t)parts;
	return sendmsg(wire->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t wire_recv(struct wire *wire, void *data, size_t len)
{
	if (wire->tls)
		return tls_result(wire, SSL_read(wire->tls, data, (int)len));
	return recv(wire->fd, data, len, MSG_DONTWAIT);
}

/* MSG_TRUNC throws away more than a buffer holds, so there is none; the
 * C library's wrapper would take it for an overflow. */
ssize_t wire_discard(struct wire *wire, size_t len)
{
	static _Thread_local char scratch[SCRATCH];

	if (wire->tls)
		return wire_recv(wire, scratch, len < SCRATCH ? len : SCRATCH);
	return syscall(SYS_recvfrom, wire->fd, NULL, len,
		       MSG_DONTWAIT | MSG_TRUNC, NULL, NULL);
}
