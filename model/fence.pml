/* fence: rule R5 of one key. Fences are unique and ordered even when exclusion is lost.
 *
 * A attempts, each under an owner of its own, ask N nodes for a grant. Attempts have no clock: a key vanishes from a node
 * at any time (it expired, was released, or was lost), so that two attempts may well hold the key at once.
 *
 * Messages are delayed without limit, overtake each other, get lost (they are never carried out), and are carried out
 * after their sender has given up. A step of a node and its reply are one step here: a reply that comes later is an
 * attempt that goes on later, and a lost one is an attempt that never goes on.
 *
 * The rule: a node answers f = max(counter, floor) + 1 and stores f + B - 1. T is the largest f among a majority of
 * granters. A granter is established when its f is T, or when it carried out raise(owner, T + B - 1), which it does only
 * while the key is still that owner's. When a majority is established, the lease is handed out with T ... T + B - 1.
 * A grant that is heard after the majority joins if its f is at most T, and counts as silence if it is larger.
 *
 * Left out: counters that are lost or expire, a fence's limit of 2^53, time (see rounds.pml), and how many round trips
 * it takes.
 *
 * What a lease does after it was handed out is of no interest to its fence. So a lease is "out" as soon as it may be.
 */

#ifndef N
#define N 3         /* nodes */
#endif
#ifndef A
#define A 2         /* attempts */
#endif
#ifndef B
#define B 1         /* fences that one lease takes */
#endif
#ifndef COUNTERS
#define COUNTERS 1  /* counters begin at 0 ... COUNTERS */
#endif
#ifndef FLOORS
#define FLOORS 0    /* clients propose floors of 0 ... FLOORS */
#endif
#ifndef REPEATS
#define REPEATS 0   /* 1: something between client and node may carry a grant out twice; the first reply is heard */
#endif
#ifndef ORDER
#define ORDER 1     /* 0: look at uniqueness only, so that what is found is one fence that two leases have */
#endif

/* The right rule, and rules that look right. */
#define RIGHT         0
#define NO_RAISE      1  /* T is handed out at once */
#define RAISE_ANYONE  2  /* any node may be raised, granter or not */
#define RAISE_ALWAYS  3  /* a granter is raised also when the key is not this owner's any more */
#define LARGER_COUNTS 4  /* a granter whose f is larger than T counts as established */
#define RAISE_SHORT   5  /* raised to T, and not to the end of the block; the same as RIGHT for B = 1 */
#define RAISE_LARGER  6  /* a granter is raised also when its counter is larger than what is to be written down */
#define CANARY        7  /* the right rule, with the claim that there are never A leases: the search must refute it */
#ifndef VARIANT
#define VARIANT RIGHT
#endif

#define NEED (N/2 + 1)
#define AT(a, n) ((a)*N + (n))
#define OWNER(a) ((a) + 1)
#define END(t) ((t) + B - 1)

/* The nodes. */
byte owner[N];    /* who has the key; 0 for nobody */
byte counter[N];

/* What a node has made of each attempt's grant. */
#define IN_FLIGHT 0
#define GRANTED   1
#define REFUSED   2
byte vote[A*N];
byte fence[A*N];  /* f, when granted */
#if REPEATS
bit repeated[A*N];
byte latest[A*N]; /* f of the grant that was carried out last */
#define PLACE latest
#else
#define PLACE fence
#endif

/* The attempts. */
byte T[A];        /* 0 until a majority has granted; fences are never 0 */
bit established[A*N];

/* Of the step under way; 0 between steps. */
byte a, n, f, yes;

/* Of a loop; no part of the state. */
hidden byte i, j, count;

inline count_established(x) {
  count = 0;
  for (i : 0 .. N-1) { count = count + established[AT(x, i)] }
}

/* nextFence hands out node n's next fence for a floor that the client made up. */
inline nextFence() {
  select (f : 0 .. FLOORS);
  if
  :: f < counter[n] -> f = counter[n]
  :: else
  fi;
  f++;
  counter[n] = END(f)
}

/* grant: the node's part, as in grants.lua. */
inline grant() {
  if
  :: owner[n] == 0 ->
     owner[n] = OWNER(a);
     nextFence();
     vote[AT(a, n)] = GRANTED;
     fence[AT(a, n)] = f;
#if REPEATS
     latest[AT(a, n)] = f
#endif
  :: else -> vote[AT(a, n)] = REFUSED
  fi
}

/* win: a majority's replies have come. Which ones came first is anybody's guess. */
inline win() {
  f = 0; yes = 0;
  for (i : 0 .. N-1) {
    if
    :: vote[AT(a, i)] == GRANTED && yes < NEED ->
       yes++;
       if
       :: fence[AT(a, i)] > f -> f = fence[AT(a, i)]
       :: else
       fi
    :: true /* its reply has not come yet, or will not */
    fi
  }
  if
  :: yes == NEED ->
     T[a] = f;
#if VARIANT == NO_RAISE
     for (i : 0 .. N-1) {
       established[AT(a, i)] = (vote[AT(a, i)] == GRANTED)
     }
#endif
  :: else
  fi
}

/* raise: the node's part, as in raise.lua. */
#if VARIANT == RAISE_ANYONE
#define MAY_RAISE true
#elif VARIANT == RAISE_ALWAYS
#define MAY_RAISE (vote[AT(a, n)] == GRANTED && fence[AT(a, n)] <= T[a])
#elif VARIANT == RAISE_LARGER
#define MAY_RAISE (vote[AT(a, n)] == GRANTED && fence[AT(a, n)] <= T[a] && owner[n] == OWNER(a))
#else
#define MAY_RAISE (vote[AT(a, n)] == GRANTED && fence[AT(a, n)] <= T[a] && owner[n] == OWNER(a) && counter[n] <= END(T[a]))
#endif

#if VARIANT == RAISE_SHORT
#define RAISED T[a]
#else
#define RAISED END(T[a])
#endif

inline raise() {
  if
  :: counter[n] < RAISED -> counter[n] = RAISED
  :: else
  fi;
  established[AT(a, n)] = 1
}

/* A granter that needs no raise. */
#if VARIANT == LARGER_COUNTS
#define HAS_T (vote[AT(a, n)] == GRANTED && fence[AT(a, n)] >= T[a])
#else
#define HAS_T (vote[AT(a, n)] == GRANTED && fence[AT(a, n)] == T[a])
#endif

/* check compares the lease of a, if it is out, with all others that are.
 * Unique: no fence belongs to two leases. Ordered: where both are established, the later grant has the larger fence. */
inline check() {
  count_established(a);
  if
  :: count >= NEED ->
     yes = 1;
     for (j : 0 .. A-1) {
       count_established(j);
       if
       :: j != a && count >= NEED ->
          yes++;
          assert(END(T[a]) < T[j] || END(T[j]) < T[a]);
          for (i : 0 .. N-1) {
            if
            :: ORDER && established[AT(a, i)] && established[AT(j, i)] && PLACE[AT(a, i)] != 0 && PLACE[AT(j, i)] != 0 ->
               assert((PLACE[AT(a, i)] < PLACE[AT(j, i)]) == (T[a] < T[j]))
            :: else
            fi
          }
       :: else
       fi
     }
#if VARIANT == CANARY
     assert(yes < A)
#endif
  :: else
  fi
}

active proctype world() {
  /* Nodes are alike, so that it is enough to look at counters in order. */
  atomic {
    for (n : 0 .. N-1) {
      select (f : yes .. COUNTERS);
      counter[n] = f;
      yes = f
    }
    n = 0; f = 0; yes = 0
  }
  do
  :: atomic {
       select (n : 0 .. N-1);
       if
       :: owner[n] != 0 -> owner[n] = 0 /* the key vanishes */
       :: else
       fi;
       n = 0
     }
  :: atomic {
       select (a : 0 .. A-1);
       if
       :: T[a] == 0 ->
          win();
          if
          :: T[a] != 0 -> check()
          :: else
          fi
       :: else
       fi;
       a = 0; f = 0; yes = 0
     }
  :: atomic {
       select (a : 0 .. A-1);
       select (n : 0 .. N-1);
       if
       :: vote[AT(a, n)] == IN_FLIGHT -> grant()
#if REPEATS
       :: vote[AT(a, n)] == GRANTED && !repeated[AT(a, n)] && owner[n] == 0 ->
          repeated[AT(a, n)] = 1;
          owner[n] = OWNER(a);
          nextFence();
          if
          :: !established[AT(a, n)] -> latest[AT(a, n)] = f
          :: else
          fi
#endif
       :: T[a] != 0 && !established[AT(a, n)] && HAS_T ->
          established[AT(a, n)] = 1;
#if REPEATS
          latest[AT(a, n)] = fence[AT(a, n)];
#endif
          check()
#if VARIANT != NO_RAISE
       :: T[a] != 0 && !established[AT(a, n)] && MAY_RAISE ->
          raise();
          check()
       /* One more raise, of which nobody hears: the first was slower, or its sender has given up. */
       :: T[a] != 0 && established[AT(a, n)] && MAY_RAISE -> raise()
#endif
       :: else
       fi;
       a = 0; n = 0; f = 0; yes = 0
     }
  od
}
