/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/*
 * Threads that hear no signals: those are for the program's main thread.  Only
 * what a thread itself causes (SIGSEGV and its like) reaches it.
 */

#include <pthread.h>

struct err;

/* Start run(context) on a thread, to be joined; attr may be NULL.  Fails with
 * the code of the system call, and *ret_thread means nothing then. */
int thread_start(const pthread_attr_t *attr, void *(*run)(void *context),
		 void *context, pthread_t *ret_thread, struct err *err);

#endif
