/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <signal.h>

#include "base/err.h"

/* A thread starts with the mask of the one that starts it. */
int thread_start(const pthread_attr_t *attr, void *(*run)(void *context),
		 void *context, pthread_t *ret_thread, struct err *err)
{
	static const int own[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
				  SIGABRT, SIGTRAP, SIGSYS};
	sigset_t deaf;
	sigset_t before;

	sigfillset(&deaf);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&deaf, own[i]);
	pthread_sigmask(SIG_SETMASK, &deaf, &before);
	int rc = pthread_create(ret_thread, attr, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return err_sys(err, rc, "starting a thread");
	return 0;
}
