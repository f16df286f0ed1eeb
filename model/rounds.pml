/* rounds: rules R2, R4 and R7 of one key: tries, their undo, and extends, with time.
 *
 * We make TRIES tries, one after the other, and up to EXTENDS extend rounds while we hold the key. Somebody else, "they",
 * makes one try at any time: they are as quick as can be (asked and answered in one step), which is the worst that a
 * contender can do to us.
 *
 * Messages are delayed without limit, overtake each other and get lost (they are never carried out). Only an undo is
 * carried out in the end: a node that has not heard it owes it (R4).
 *
 * Time is in ticks, which come whenever they like. All clocks are one here: a key expires on its node, and a window
 * closes with its holder, a number of ticks after it began. So drift and guard are left out. So are the loss of keys
 * before their time, fences (see fence.pml), and the heal of a node that lost the key, which is no vote (R7).
 *
 * Two claims:
 *   exclusion    we and they never believe to hold the key at the same time (R1)
 *   no leftover  after we have given up, a node that has nothing more to carry out for a try does not have its key (R4)
 */

#ifndef N
#define N 3           /* nodes */
#endif
#ifndef TRIES
#define TRIES 1
#endif
#ifndef EXTENDS
#define EXTENDS 0
#endif
#ifndef TTL
#define TTL 2         /* ticks that a key lives */
#endif
#ifndef WAIT
#define WAIT 1        /* ticks from the start of a try to the deadline of its grants */
#endif
#ifndef DEADLINES
#define DEADLINES 1   /* 1: a node refuses a grant that comes after its deadline */
#endif
#ifndef TOMBSTONES
#define TOMBSTONES 1  /* 1: an undo that finds nothing leaves a tombstone, which refuses the grant, until the deadline */
#endif
#ifndef LANES
#define LANES 0       /* 1: an undo overtakes its grant only after the grant's deadline: one connection keeps their order,
                         and another one carries the undo only after the first has been given up */
#endif

/* The right rule, and rules that look right. */
#define RIGHT          0
#define OLD_REPLIES    1  /* a reply counts in the newest round, whichever round asked */
#define ONE_OWNER      2  /* all tries have one owner id */
#define UNDO_HEARD     3  /* a lost round is undone only on nodes that are known to have granted */
#define EXTEND_CREATES 4  /* an extend stores the key where it is missing */
#define FROM_REPLY     5  /* the window is counted from the reply, and not from before the question */
#define HALF           6  /* N/2 grants are enough */
#define CANARY         7  /* the right rule, with the claim that nobody gets the key after us: the search must refute it */
#ifndef VARIANT
#define VARIANT RIGHT
#endif

#define NEED (N/2 + 1)
#if VARIANT == HALF
#define ENOUGH (N/2)
#else
#define ENOUGH NEED
#endif

#define AT(t, n) ((t)*N + (n))

/* The nodes. */
#define NOBODY 0
#define THEM   1
#if VARIANT == ONE_OWNER
#define OURS(t) 2
#else
#define OURS(t) (2 + (t))
#endif
byte owner[N];  /* who has the key */
byte life[N];   /* ticks until it expires */

/* Our messages to each node, by try or by extend round. */
#define UNSENT 0
#define SENT   1
#define YES    2  /* carried out, and the reply is on its way */
#define NO     3
#define DONE   4  /* carried out, and nobody waits for the reply any more */
byte grants[TRIES*N];
byte undos[TRIES*N];
bit  tombs[TRIES*N];
byte fresh[TRIES];  /* ticks until the deadline of the try's grants */
#if EXTENDS
byte extends[EXTENDS*N];
byte tryOf[EXTENDS];
byte rounds;        /* extend rounds begun */
bit  extending;     /* the newest of them is open */
#endif

/* We. */
#define RESTING 0   /* before the first try, and after each */
#define ASKING  1
#define HOLDING 2
byte phase;
byte tries;         /* begun; the newest is tries-1 */
byte age;           /* ticks since the open round began, TTL at most */
byte heard[N];      /* replies in the open round: YES, NO or 0 */
byte window;        /* ticks for which we believe to hold the key */
bit  held;          /* for the canary: we have held the key */

/* They. */
byte theirPhase;    /* as ours */
bit  theirs[N];     /* nodes that granted */
byte theirAge;
byte theirWindow;

/* Of the step under way; 0 between steps. */
byte t, n;

/* Of a loop; no part of the state. */
hidden byte i, j, count;

inline count_heard() {
  count = 0;
  for (i : 0 .. N-1) { count = count + (heard[i] == YES) }
}

/* close_round: replies that are still on their way do not count any more (R2). That they are forgotten at once, and not
 * when they come, only keeps the search small. */
inline close_round() {
  age = 0;
  for (i : 0 .. N-1) {
    heard[i] = 0;
#if VARIANT != OLD_REPLIES
    if
    :: grants[AT(tries-1, i)] == YES || grants[AT(tries-1, i)] == NO -> grants[AT(tries-1, i)] = DONE
    :: else
    fi;
#if EXTENDS
    if
    :: rounds > 0 ->
       if
       :: extends[AT(rounds-1, i)] == YES || extends[AT(rounds-1, i)] == NO -> extends[AT(rounds-1, i)] = DONE
       :: else
       fi
    :: else
    fi
#endif
#endif
  }
}

/* rest ends our newest try, held or not: whatever it may have left on the nodes is taken back (R4). */
inline rest() {
  for (i : 0 .. N-1) {
    if
    :: phase == ASKING && heard[i] == NO -> skip /* there is nothing of ours */
#if VARIANT == UNDO_HEARD
    :: phase == ASKING && heard[i] == 0 -> skip
#endif
    :: else -> undos[AT(tries-1, i)] = SENT
    fi
  }
  phase = RESTING;
  window = 0;
#if EXTENDS
  extending = 0;
#endif
  close_round()
}

/* open moves the window, counted from the start of the round that won. */
inline open() {
#if VARIANT == FROM_REPLY
  window = TTL;
#else
  window = TTL - age;
#endif
  phase = HOLDING;
  held = (VARIANT == CANARY);
  close_round()
}

/* grant: the node's part, as in grants.lua. */
inline grant() {
  if
  :: (DEADLINES && fresh[t] == 0) || tombs[AT(t, n)] -> grants[AT(t, n)] = DONE
  :: else ->
     if
     :: owner[n] == NOBODY || owner[n] == OURS(t) ->
        owner[n] = OURS(t);
        life[n] = TTL;
        grants[AT(t, n)] = YES
     :: else -> grants[AT(t, n)] = NO
     fi;
#if VARIANT != OLD_REPLIES
     if
     :: phase != ASKING || t != tries-1 -> grants[AT(t, n)] = DONE
     :: else
     fi
#endif
  fi
}

/* undo: the node's part, as in release.lua, with a tombstone. */
inline undo() {
  undos[AT(t, n)] = DONE;
  if
  :: owner[n] == OURS(t) -> owner[n] = NOBODY; life[n] = 0
  :: else -> tombs[AT(t, n)] = (TOMBSTONES && fresh[t] > 0)
  fi
}

/* extend: the node's part, as in extend.lua. */
inline extend() {
  if
#if VARIANT == EXTEND_CREATES
  :: owner[n] == OURS(tryOf[t]) || owner[n] == NOBODY ->
     owner[n] = OURS(tryOf[t]);
#else
  :: owner[n] == OURS(tryOf[t]) ->
#endif
     life[n] = TTL;
     extends[AT(t, n)] = YES
  :: else -> extends[AT(t, n)] = NO
  fi;
#if VARIANT != OLD_REPLIES
  if
  :: !extending || t != rounds-1 -> extends[AT(t, n)] = DONE
  :: else
  fi
#endif
}

inline they_rest() {
  theirPhase = RESTING;
  theirAge = TTL; /* one try is all they make */
  theirWindow = 0;
  for (i : 0 .. N-1) { theirs[i] = 0 }
}

#if EXTENDS
#define OPEN (phase == ASKING || extending)
#else
#define OPEN (phase == ASKING)
#endif

inline tick() {
  for (i : 0 .. N-1) {
    if
    :: life[i] > 1 -> life[i]--
    :: life[i] == 1 -> life[i] = 0; owner[i] = NOBODY
    :: else
    fi
  }
  for (j : 0 .. TRIES-1) {
    if
    :: fresh[j] > 1 -> fresh[j]--
    :: fresh[j] == 1 ->
       fresh[j] = 0;
       for (i : 0 .. N-1) { tombs[AT(j, i)] = 0 }
    :: else
    fi
  }
  if
  :: OPEN && age < TTL -> age++
  :: else
  fi;
  if
  :: window > 1 -> window--
  :: window == 1 -> rest() /* the window has closed: the lease is lost for ever (R7) */
  :: else
  fi;
  if
  :: theirPhase == ASKING -> theirAge++
  :: theirPhase == HOLDING -> theirWindow--
  :: else
  fi;
  if
  :: (theirPhase == ASKING && theirAge == TTL) || (theirPhase == HOLDING && theirWindow == 0) -> they_rest()
  :: else
  fi
}

inline they_take() {
  owner[n] = THEM;
  life[n] = TTL;
  theirs[n] = 1;
  count = 0;
  for (i : 0 .. N-1) { count = count + theirs[i] }
  if
  :: count >= ENOUGH ->
     theirPhase = HOLDING;
     theirWindow = TTL - theirAge;
     theirAge = 0;
     for (i : 0 .. N-1) { theirs[i] = 0 }
     assert(!held)
  :: else
  fi
}

#define exclusion  !(phase == HOLDING && theirPhase == HOLDING)

inline check() {
  assert(exclusion);
  if
  :: phase == RESTING && VARIANT != ONE_OWNER -> /* with one id, a key cannot be told from that of another try */
     for (j : 0 .. TRIES-1) {
       for (i : 0 .. N-1) {
         assert(owner[i] != OURS(j) || grants[AT(j, i)] == SENT || undos[AT(j, i)] == SENT)
       }
     }
  :: else
  fi
}

active proctype world() {
  do
  :: d_step { tick(); check() }

  /* We. */
  :: d_step {
       phase == RESTING && tries < TRIES ->
       fresh[tries] = WAIT;
       for (i : 0 .. N-1) { grants[AT(tries, i)] = SENT }
       tries++;
       phase = ASKING
     }
  :: d_step { phase != RESTING -> rest(); check() } /* given up, or released */
#if EXTENDS
  :: d_step {
       phase == HOLDING && !extending && rounds < EXTENDS ->
       for (i : 0 .. N-1) { extends[AT(rounds, i)] = SENT }
       tryOf[rounds] = tries-1;
       rounds++;
       extending = 1
     }
  :: d_step { extending -> close_round(); extending = 0 } /* the round's budget is used up */
#endif

  /* A message comes to a node, or its reply to us. */
  :: atomic {
       select (t : 0 .. TRIES-1);
       select (n : 0 .. N-1);
       if
       :: grants[AT(t, n)] == SENT -> grant(); check()
       :: undos[AT(t, n)] == SENT && !(LANES && grants[AT(t, n)] == SENT && fresh[t] > 0) -> undo(); check()
       :: phase == ASKING && (t == tries-1 || VARIANT == OLD_REPLIES) && (grants[AT(t, n)] == YES || grants[AT(t, n)] == NO) ->
          heard[n] = grants[AT(t, n)];
          grants[AT(t, n)] = DONE;
          count_heard();
          if
          :: count >= ENOUGH && age < TTL -> open(); check()
          :: else
          fi
       :: else
       fi;
       t = 0; n = 0
     }
#if EXTENDS
  :: atomic {
       select (t : 0 .. EXTENDS-1);
       select (n : 0 .. N-1);
       if
       :: extends[AT(t, n)] == SENT -> extend(); check()
       :: extending && (t == rounds-1 || VARIANT == OLD_REPLIES) && (extends[AT(t, n)] == YES || extends[AT(t, n)] == NO) ->
          heard[n] = extends[AT(t, n)];
          extends[AT(t, n)] = DONE;
          count_heard();
          if
          :: count >= ENOUGH -> extending = 0; open(); check()
          :: else
          fi
       :: else
       fi;
       t = 0; n = 0
     }
#endif

  /* They. */
  :: d_step { theirPhase == RESTING && theirAge == 0 -> theirPhase = ASKING }
  :: atomic {
       select (n : 0 .. N-1);
       if
       :: theirPhase == ASKING && owner[n] == NOBODY && !theirs[n] -> they_take(); check()
       :: else
       fi;
       n = 0
     }
  od
}
