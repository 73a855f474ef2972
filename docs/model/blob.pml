/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life cycle of a blob in Berth: two servers, one database, one blob
 * store. README.md says what is modelled and what each check proves.
 *
 * A slot n stands for one incarnation: the row with id n and the file under
 * the storage key n that was made for it. Every step of a process between
 * two semicolons is a point at which it may be overtaken, killed, or lose
 * its power. A d_step on the tables is one committed transaction. The
 * collector's are taken apart as PostgreSQL runs them under READ COMMITTED:
 * it condemns by what an earlier snapshot showed, and before `deleting` it
 * locks the row, looks, and commits. Whoever adds a reference writes the
 * row too, and so waits for that lock.
 *
 * Sizes and processes are chosen with -D, and so are the mutants (M_...).
 */
#ifndef ND
#define ND 1		/* digests */
#endif
#ifndef NR
#define NR 2		/* slots: one per attempt to push */
#endif
#ifndef TRIES
#define TRIES 1		/* attempts of each pusher */
#endif
#ifndef CRASHES
#define CRASHES 0	/* kill -9 of one server */
#endif
#ifndef CUTS
#define CUTS 0		/* power cuts of everything */
#endif
#ifndef LOST
#define LOST 0		/* commits of which the server learns nothing */
#endif
#ifndef DIGEST1
#define DIGEST1 0	/* what the second pusher pushes */
#endif

/* Times in ticks. A publisher starts its transaction before its file is
 * DEADLINE old, the transaction ends within TXN, the sweep takes nothing
 * younger than SWEEP_AGE = DEADLINE + TXN. */
#define GRACE 1
#define DEADLINE 1
#define TXN 1
#define SWEEP_AGE (DEADLINE + TXN)

#define NONE 0
#define LIVE 1
#define CONDEMNED 2
#define DELETING 3

/* The database: survives everything once committed. */
byte st[NR];		/* state of row n */
byte dg[NR];		/* its digest */
byte cage[NR];		/* ticks since it was condemned, up to GRACE */
byte lk[2 * ND];	/* membership (repository, digest) -> row + 1 */
bool pn[2 * ND];	/* the membership's pin has not run out */
bool man[2 * ND];	/* a manifest of the repository references it */

/* The blob store, by storage key. */
bool vis[NR];		/* directory entry as processes see it */
bool dur[NR];		/* directory entry as it would be after a power cut */
bool synced[NR];	/* bytes are on the medium */
bool torn[NR];		/* bytes were lost in a power cut */
byte fage[NR];		/* ticks since the link, up to SWEEP_AGE */

byte held[2];		/* the row + 1 whose lock a collector holds */
byte fresh;		/* next unused slot */
byte ep[2];		/* start number of each server: a change kills it */
byte cr = CRASHES;
#if LOST > 0
byte lost = LOST;
#endif
byte pw = CUTS;

/* What clients were told; none of it can be seen by the servers. */
bool told[2 * ND];	/* 201 for a blob, and its pin has not run out */
bool told_man[2 * ND];	/* 201 for a manifest, not yet deleted */
bool told_head[2 * ND];	/* 200 for a HEAD less than GRACE ago */
bool busy[2];		/* a pusher is between link and commit */
bool acked[2];		/* a pusher got its 201 */

/* Always false; their names show in the output of a failed assertion. */
bool wanted_is_readable, promise_is_kept, row_has_file, one_row_per_digest;
bool no_file_is_overwritten, garbage_is_gone, push_finishes;
bool state_is_reached;

#define UNLOCKED(n) (held[0] != (n) + 1 && held[1] != (n) + 1)
#define LOCKS(s, d) (held[s] != 0 && dg[held[s] - 1] == (d))
#define FREE(d) (!LOCKS(0, d) && !LOCKS(1, d))

#define L(r, d) ((r) * ND + (d))
#ifdef M_KEY_REUSE
#define KEY(n) dg[n]
#else
#define KEY(n) (n)
#endif
#define IS(n) (st[n] == LIVE || st[n] == CONDEMNED)
#define FILE_OK(n) (vis[KEY(n)] && !torn[KEY(n)])
#define KEEPS(l, n) (lk[l] == (n) + 1 && (pn[l] || man[l]))
#define READS(l) (lk[l] != 0 && IS(lk[l] - 1) && FILE_OK(lk[l] - 1))

#if ND == 1
#define WANTED(n) (KEEPS(0, n) || KEEPS(1, n))
#define ALL_L(P) (P(0) && P(1))
#define ANY_L(P) (P(0) || P(1))
#else
#define WANTED(n) (KEEPS(0, n) || KEEPS(1, n) || KEEPS(2, n) || KEEPS(3, n))
#define ALL_L(P) (P(0) && P(1) && P(2) && P(3))
#define ANY_L(P) (P(0) || P(1) || P(2) || P(3))
#endif
#if NR == 1
#define ALL_N(P) (P(0))
#define ANY_N(P) (P(0))
#elif NR == 2
#define ALL_N(P) (P(0) && P(1))
#define ANY_N(P) (P(0) || P(1))
#elif NR == 3
#define ALL_N(P) (P(0) && P(1) && P(2))
#define ANY_N(P) (P(0) || P(1) || P(2))
#else
#define ALL_N(P) (P(0) && P(1) && P(2) && P(3))
#define ANY_N(P) (P(0) || P(1) || P(2) || P(3))
#endif

/* Picks a slot for which P holds, names it c and does DO; else blocks. */
#define PICK0(P, DO) :: atomic { P(0) -> c = 0 DO(0) }
#if NR > 1
#define PICK1(P, DO) :: atomic { P(1) -> c = 1 DO(1) }
#else
#define PICK1(P, DO)
#endif
#if NR > 2
#define PICK2(P, DO) :: atomic { P(2) -> c = 2 DO(2) }
#else
#define PICK2(P, DO)
#endif
#if NR > 3
#define PICK3(P, DO) :: atomic { P(3) -> c = 3 DO(3) }
#else
#define PICK3(P, DO)
#endif
#define PICK_AND(P, DO) \
	if PICK0(P, DO) PICK1(P, DO) PICK2(P, DO) PICK3(P, DO) fi
#define NOTHING(n)
#define PICK(P) PICK_AND(P, NOTHING)

/* Sets found to the row + 1 of a digest that exists for clients, or 0. */
inline find(digest, found)
{
	found = 0;
	i = 0;
	do
	:: i < NR ->
		if
#ifdef M_DEDUPE_ON_DELETING
		:: st[i] != NONE && dg[i] == digest -> found = i + 1
#else
		:: IS(i) && dg[i] == digest -> found = i + 1
#endif
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

inline member(l, row)
{
	lk[l] = row + 1;
	pn[l] = 1
}

/*
 * A push: stage, fsync, link under a fresh key, fsync of the directory,
 * transaction, answer. A client that saw its server die starts again.
 */
proctype pusher(byte sv, r, d)
{
	byte i, n, my, tries, found;
	bool drop;

	do
	:: atomic {
		tries < TRIES && fresh < NR && !acked[sv] ->
		my = ep[sv];
		tries++;
		n = fresh;
		fresh++
#ifdef M_KEY_REUSE
		; dg[n] = d
#endif
	};
	{
#ifndef M_NO_FSYNC
		synced[KEY(n)] = 1;
#endif
#ifdef M_ROW_BEFORE_FILE
		d_step { st[n] = LIVE; dg[n] = d };
#endif
		atomic {
			/* link() would refuse; a rename would overwrite */
			if
			:: vis[KEY(n)] -> assert(no_file_is_overwritten)
			:: else
			fi;
			vis[KEY(n)] = 1;
			fage[KEY(n)] = 0;
			busy[sv] = 1
		};
#ifndef M_NO_DIRSYNC
		dur[KEY(n)] = 1;
#endif
#ifdef M_ACK_EARLY
		told[L(r, d)] = 1;
#endif
		/* BEGIN: the publisher's clock is read here, the commit is
		 * later, and a transaction that takes longer is rolled back */
		if
#ifndef M_NO_DEADLINE
		:: fage[KEY(n)] >= DEADLINE -> goto late
#endif
		:: else
		fi;
#ifdef M_NO_INDEX
		d_step { find(d, found) };
#endif
		atomic {
#ifndef M_PUSH_NO_REVIVE
			FREE(d);
#endif
			if
#ifndef M_NO_DEADLINE
			:: fage[KEY(n)] >= DEADLINE + TXN -> goto late
#endif
			:: else
			fi;
			d_step {
#ifdef M_NO_INDEX
			/* nothing stops what another inserted meanwhile */
			if
			:: found != 0 -> find(d, found)
			:: else
			fi;
#else
			find(d, found);
#endif
			busy[sv] = 0;
			if
			:: found != 0 ->
#ifndef M_PUSH_NO_REVIVE
				st[found - 1] = LIVE;
				cage[found - 1] = 0;
#endif
				member(L(r, d), found - 1);
				drop = 1
			:: else ->
				st[n] = LIVE;
				dg[n] = d;
				member(L(r, d), n)
			fi
			}
		};
#if LOST > 0
		/* the connection may be lost in the commit: the server does
		 * not know then, and must leave its file to the sweep */
		if
		:: lost > 0 ->
			lost--;
#ifdef M_REMOVE_UNKNOWN
			vis[KEY(n)] = 0;
#endif
			goto late
		:: skip
		fi;
#endif
#ifndef M_ACK_EARLY
		d_step { told[L(r, d)] = pn[L(r, d)]; acked[sv] = 1 };
#else
		acked[sv] = 1;
#endif
		if
		:: drop -> vis[KEY(n)] = 0
		:: else
		fi;
late:		skip
	} unless { ep[sv] != my };
	d_step { n = 0; found = 0; drop = 0; i = 0; busy[sv] = 0 }
	od
}

#ifdef M_MOUNT_NO_REVIVE
#define MOUNT_LOCK(d) true
#else
#define MOUNT_LOCK(d) FREE(d)
#endif
/* A mount revives in the transaction that adds the membership. */
proctype mounter(byte sv, from, to, d)
{
	byte my = ep[sv];

	{
		lk[L(from, d)] != 0;
		d_step {
			MOUNT_LOCK(d) ->
			if
			:: lk[L(from, d)] != 0 && IS(lk[L(from, d)] - 1) ->
#ifndef M_MOUNT_NO_REVIVE
				st[lk[L(from, d)] - 1] = LIVE;
				cage[lk[L(from, d)] - 1] = 0;
#endif
				member(L(to, d), lk[L(from, d)] - 1)
			:: else
			fi
		};
		told[L(to, d)] = pn[L(to, d)]
	} unless { ep[sv] != my }
}

/*
 * HEAD of a live blob writes nothing: it cannot become `deleting` within
 * the grace time. That of a condemned one revives it first.
 */
proctype header(byte sv, r, d)
{
	byte my = ep[sv];
	byte row;

	{
		lk[L(r, d)] != 0;
		d_step {
			row = lk[L(r, d)];
			if
			:: row != 0 && st[row - 1] == LIVE ->
				told_head[L(r, d)] = 1;
				row = 0
#ifdef M_HEAD_NO_REVIVE
			:: row != 0 && st[row - 1] == CONDEMNED ->
				told_head[L(r, d)] = 1;
				row = 0
#endif
			:: else
			fi
		};
		d_step {
			FREE(d) ->
			if
			:: row != 0 && IS(row - 1) && lk[L(r, d)] == row ->
				st[row - 1] = LIVE;
				cage[row - 1] = 0;
				told_head[L(r, d)] = 1
			:: else
			fi;
			row = 0
		}
	} unless { ep[sv] != my }
}

#ifdef M_PUT_NO_REVIVE
#define PUT_LOCK true
#define PUT(l) man[l] = 1
#else
#define PUT_LOCK (FREE(0) && FREE(ND - 1))
#define PUT(l) st[lk[l] - 1] = LIVE; cage[lk[l] - 1] = 0; man[l] = 1
#endif
#ifdef M_MEMBER_STAYS
#define CAN_PUT(l) (lk[l] != 0)
#else
#define CAN_PUT(l) (lk[l] != 0 && IS(lk[l] - 1))
#endif
/* A manifest references every digest; its blobs must be members. */
#if ND == 1
#define PUT_ALL(r) PUT(L(r, 0))
#define CAN_PUT_ALL(r) CAN_PUT(L(r, 0))
#else
#define PUT_ALL(r) PUT(L(r, 0)); PUT(L(r, 1))
#define CAN_PUT_ALL(r) (CAN_PUT(L(r, 0)) && CAN_PUT(L(r, 1)))
#endif

/* A manifest is put, and then deleted; then perhaps its blobs, by hand. */
proctype manifest(byte sv, r)
{
	byte my = ep[sv];

	{
		CAN_PUT_ALL(r);
		d_step {
			PUT_LOCK ->
			if
			:: CAN_PUT_ALL(r) -> PUT_ALL(r)
			:: else
			fi
		};
		d_step {
			told_man[L(r, 0)] = man[L(r, 0)];
#if ND == 2
			told_man[L(r, 1)] = man[L(r, 1)]
#endif
		};
		d_step {
			man[L(r, 0)] = 0; told_man[L(r, 0)] = 0;
#if ND == 2
			man[L(r, 1)] = 0; told_man[L(r, 1)] = 0
#endif
		};
		if
		:: d_step {
			lk[L(r, 0)] = 0; pn[L(r, 0)] = 0;
			told[L(r, 0)] = 0; told_head[L(r, 0)] = 0
		}
		:: skip
		fi
	} unless { ep[sv] != my }
}

#define CAN_CONDEMN(n) (st[n] == LIVE && !WANTED(n))
#define IS_RIPE(n) (st[n] == CONDEMNED && cage[n] >= GRACE)
#define CAN_REPRIEVE(n) (IS_RIPE(n) && WANTED(n))
#ifdef M_NO_RECHECK
#define CAN_DELETE(n) (IS_RIPE(n) && UNLOCKED(n))
#else
#define CAN_DELETE(n) (IS_RIPE(n) && UNLOCKED(n) && !WANTED(n))
#endif
#ifdef M_STALE_CHECK
#define LOCK(n)
#else
#define LOCK(n) ; held[sv] = (n) + 1
#endif
#define IS_DELETING(n) (st[n] == DELETING)

/* `deleting`: from here on the blob does not exist for anybody. */
inline make_deleting(row)
{
	if
	:: IS_RIPE(row) ->
		st[row] = DELETING;
		i = 0;
#ifndef M_MEMBER_STAYS
		do
		:: i < 2 * ND ->
			if
			:: lk[i] == row + 1 -> lk[i] = 0; pn[i] = 0
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
#endif
	:: else
	fi
}

/*
 * The collector. It keeps nothing in memory that it needs after a crash:
 * every branch starts from the rows.
 */
proctype collector(byte sv)
{
	byte c, i, my;

	do
	:: my = ep[sv];
	do
	:: PICK(CAN_CONDEMN);
		d_step {
			if
			:: st[c] == LIVE -> st[c] = CONDEMNED; cage[c] = 0
			:: else
			fi;
			c = 0
		}
	:: PICK(CAN_REPRIEVE);
		d_step {
			UNLOCKED(c) ->
			if
			:: IS_RIPE(c) -> st[c] = LIVE; cage[c] = 0
			:: else
			fi;
			c = 0
		}
	:: PICK_AND(CAN_DELETE, LOCK);
#ifdef M_UNLINK_EARLY
		vis[KEY(c)] = 0;
#endif
		d_step {
			make_deleting(c);
			held[sv] = 0;
#ifndef M_COLLECTOR_FORGETS
			c = 0
#endif
		}
#ifdef M_COLLECTOR_FORGETS
		if
		:: st[c] == DELETING
		:: else -> goto next
		fi;
		vis[KEY(c)] = 0;
		st[c] = NONE;
next:		c = 0
#else
	:: PICK(IS_DELETING);
#ifdef M_UNLINK_BY_DIGEST
		/* The row goes first, then whatever file the digest has. */
		d_step { i = dg[c]; st[c] = NONE; c = 0 };
		d_step {
			c = 0;
			do
			:: c < NR && vis[c] && dg[c] == i ->
				vis[c] = 0;
				break
			:: c < NR && !(vis[c] && dg[c] == i) -> c++
			:: else -> break
			od;
			c = 0;
			i = 0
		}
#else
		vis[KEY(c)] = 0;
		d_step { st[c] = NONE; dg[c] = 0; cage[c] = 0; c = 0 }
#endif
#endif
	od unless { ep[sv] != my };
	d_step { c = 0; held[sv] = 0 }
	od
}

#ifdef M_KEY_REUSE
#define NO_ROW(k) (!(st[0] != NONE && dg[0] == (k)) && \
		   !(st[1] != NONE && dg[1] == (k)))
#else
#define NO_ROW(k) (st[k] == NONE)
#endif
#if defined(M_SWEEP_NO_AGE) || defined(M_SWEEP_AGE_LAST)
#define SWEEPABLE(k) (vis[k] && NO_ROW(k))
#else
#define SWEEPABLE(k) (vis[k] && NO_ROW(k) && fage[k] >= SWEEP_AGE)
#endif

/* The age is looked at first, then the row, then the file is removed. */
proctype sweep(byte sv)
{
	byte c, my;

	do
	:: my = ep[sv];
	do
	:: PICK(SWEEPABLE);
#ifdef M_SWEEP_AGE_LAST
		fage[c] >= SWEEP_AGE;
#else
		if
		:: NO_ROW(c)
		:: else -> goto kept
		fi;
#endif
		vis[c] = 0;
kept:		c = 0
	od unless { ep[sv] != my };
	c = 0
	od
}

#define AGES(n) ((vis[n] && fage[n] < SWEEP_AGE) || \
		 (st[n] == CONDEMNED && cage[n] < GRACE))
#define PROMISED(l) told_head[l]
#define PINNED(l) pn[l]

#ifdef PROMPT
#define IN_TIME (!busy[0] && !busy[1])
#else
#define IN_TIME true
#endif

/* Time passes whenever it matters to somebody; pins run out at any time. */
proctype clock()
{
	byte i;

	do
	:: d_step {
		(ANY_N(AGES) || ANY_L(PROMISED)) && IN_TIME ->
		i = 0;
		do
		:: i < NR ->
			if
			:: vis[i] && fage[i] < SWEEP_AGE -> fage[i]++
			:: else
			fi;
			if
			:: st[i] == CONDEMNED && cage[i] < GRACE -> cage[i]++
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < 2 * ND -> told_head[i] = 0; i++
		:: else -> break
		od;
		i = 0
	}
	:: d_step { pn[0] -> pn[0] = 0; told[0] = 0 }
	:: d_step { pn[1] -> pn[1] = 0; told[1] = 0 }
#if ND == 2
	:: d_step { pn[2] -> pn[2] = 0; told[2] = 0 }
	:: d_step { pn[3] -> pn[3] = 0; told[3] = 0 }
#endif
	od
}

/* kill -9 leaves the store as it is; a power cut leaves what was synced,
 * and of a directory that was not synced either the old or the new. */
proctype disaster()
{
	byte i;

	do
	:: atomic { cr > 0 -> cr--; ep[0]++ }
	:: atomic { cr > 0 -> cr--; ep[1]++ }
	:: atomic {
		pw > 0 ->
		pw--;
		ep[0]++;
		ep[1]++;
		do
		:: i < NR ->
			if
			:: vis[i] != dur[i] -> vis[i] = dur[i]
			:: vis[i] != dur[i] -> dur[i] = vis[i]
			:: else
			fi;
			if
			:: vis[i] && !synced[i] -> torn[i] = 1
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
	od
}

#define KEPT(l) ((!told[l] && !told_man[l] && !told_head[l]) || READS(l))
#define SERVED(l) ((!man[l] && !pn[l]) || READS(l))
#define HAS_FILE(n) (!IS(n) || FILE_OK(n))
#define CLEAN(n) ((st[n] == NONE || WANTED(n)) && (!vis[n] || !NO_ROW(n)))
#define SAME(a, b) (IS(a) && IS(b) && dg[a] == dg[b])
#if NR == 1
#define ONE_ROW true
#elif NR == 2
#define ONE_ROW (!SAME(0, 1))
#elif NR == 3
#define ONE_ROW (!SAME(0, 1) && !SAME(0, 2) && !SAME(1, 2))
#else
#define ONE_ROW (!SAME(0, 1) && !SAME(0, 2) && !SAME(1, 2) && \
		 !SAME(0, 3) && !SAME(1, 3) && !SAME(2, 3))
#endif

/* States that must be reached, lest the checks hold for want of them. */
#if defined(W_NEXT_INCARNATION)
#define WITNESS (st[0] == DELETING && st[1] == LIVE && acked[1])
#elif defined(W_DEDUPE)
#define WITNESS (acked[0] && acked[1] && lk[0] != 0 && lk[0] == lk[1] && \
		 !vis[1])
#elif defined(W_ALL_COLLECTED)
#define WITNESS (timeout && acked[0] && acked[1] && fresh == 2)
#elif defined(W_FILE_COMES_BACK)
#define WITNESS (pw == 0 && acked[0] && st[0] == NONE && vis[0])
#elif defined(W_CONDEMNED_PINNED)
#define WITNESS (IS_RIPE(0) && WANTED(0))
#elif defined(W_LATE)
#define WITNESS (timeout && !acked[0])
#endif

/* Looks at every state; the last two when nothing can happen any more. */
proctype monitor()
{
	if
	:: atomic { !ONE_ROW -> assert(one_row_per_digest) }
	:: atomic { !ALL_N(HAS_FILE) -> assert(row_has_file) }
	:: atomic { !ALL_L(SERVED) -> assert(wanted_is_readable) }
	:: atomic { !ALL_L(KEPT) -> assert(promise_is_kept) }
	:: atomic { timeout && !ALL_N(CLEAN) -> assert(garbage_is_gone) }
#ifdef PROMPT
	:: atomic { timeout && !acked[0] ->
		assert(push_finishes) }
#endif
#ifdef WITNESS
	:: atomic { (WITNESS) -> assert(state_is_reached) }
#endif
	fi
}

init {
	atomic {
		run monitor();
#ifdef PUSH0
		run pusher(0, 0, 0);
#endif
#ifdef PUSH1
		run pusher(1, 1, DIGEST1);
#endif
#ifdef PUSH1_SAME
		run pusher(1, 0, DIGEST1);
#endif
#ifdef MOUNT
		run mounter(1, 0, 1, 0);
#endif
#ifdef HEAD
		run header(1, 0, 0);
#endif
#ifdef MANIFEST
		run manifest(1, 0);
#endif
		run collector(0);
#ifdef COLLECT2
		run collector(1);
#endif
#ifndef M_NO_SWEEP
		run sweep(1);
#endif
		run clock();
#if CRASHES + CUTS > 0
		run disaster();
#endif
	}
}
