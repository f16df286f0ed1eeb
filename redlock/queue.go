package redlock

import (
	"hash/maphash"
	"math/rand/v2"
	"sync"

	"github.com/quorumlock/quorumlock/clock"
)

// queues are the queues of one process, by key.
type queues struct {
	seed    maphash.Seed
	shards  [64]shard
	spare   sync.Pool // of *queue
	waiters sync.Pool // of *waiter, with an empty turn
}

// shard is the queues of some keys. Its mu may be locked while an attempt's is held, and not the other way round.
type shard struct {
	mu    sync.Mutex
	byKey map[string]*queue // guarded by mu
}

// queue is everybody in this process who waits for one key, in the order in which they came. While the lease is held
// here, all of them do nothing; else the first of them, the head, goes for it. A queue is there as long as somebody holds
// the key by way of it, or waits.
type queue struct {
	shard *shard
	house *house
	key   string

	// Guarded by the shard's mu.
	holder      *attempt     // whose lease is held; nil when it is not held here
	gate        uint64       // the number of the last waiter to whom the lease may be handed over
	arrived     uint64       // how many waiters there have been
	waiting     int          // how many there are
	first, last *waiter      // who waits
	tries       int          // since somebody got the lease
	said        *QuorumError // in the last one; nil: nothing yet
	contest     *contest     // nil until somebody has to wait
	own         waiter       // of whoever has made the queue
}

func (qs *queues) open() {
	qs.seed = maphash.MakeSeed()
	qs.spare.New = func() any { return new(queue) }
	qs.waiters.New = func() any { return &waiter{turn: make(chan *Lease, 1)} }
	for i := range qs.shards {
		qs.shards[i].byKey = make(map[string]*queue)
	}
}

func (qs *queues) shard(key string) *shard {
	return &qs.shards[maphash.String(qs.seed, key)%uint64(len(qs.shards))]
}

// join puts the caller at the end of key's queue, and reports whether it is the head.
func (qs *queues) join(l *Locker, key string, c *call) (w *waiter, head bool) {
	sh := qs.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	q := sh.byKey[key]
	if q == nil {
		q = qs.spare.Get().(*queue)
		q.shard, q.house, q.key = sh, l.house, key
		sh.byKey[key] = q
		w, head = &q.own, true
	} else {
		w = qs.waiters.Get().(*waiter)
	}
	w.locker, w.call, w.queue, w.shard, w.key = l, c, q, sh, key
	q.append(w)
	if !head && q.contest == nil {
		q.compete()
	}
	return w, head
}

func (q *queue) append(w *waiter) {
	w.inside, w.prev, w.next = true, q.last, nil
	if q.last != nil {
		q.last.next = w
	} else {
		q.first = w
	}
	q.last = w
	q.waiting++
	q.arrived++
	w.number = q.arrived
}

func (q *queue) remove(w *waiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		q.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		q.last = w.prev
	}
	q.waiting--
	w.inside, w.prev, w.next = false, nil, nil
}

// taken notes that w, the head, has won. Whoever waits now may have the lease handed over, and then as many who come later,
// but no more: others wait for it in other processes. As long as nobody gives up, fewer than half of those who are served
// have come after the lease was won, and the usual wait remains that for a turn of the process.
func (q *queue) taken(w *waiter, a *attempt) {
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	q.remove(w)
	a.first.rounds = q.tries + 1
	q.holder, q.gate, q.tries, q.said = a, q.arrived+uint64(q.waiting), 0, nil
	q.tidy()
}

// wants reports whether the lease may go to whoever waits first, as far as the queue goes.
func (q *queue) wants(a *attempt) bool {
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	return q.first.takes(a)
}

// pass takes out the waiter who gets the lease; nil: there is none.
func (q *queue) pass(a *attempt) *waiter {
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	w := q.first
	if !w.takes(a) {
		return nil
	}
	q.remove(w)
	q.tidy()
	return w
}

// takes reports whether the lease of an attempt may be handed to w, as far as the queue goes; not to nobody.
func (w *waiter) takes(a *attempt) bool {
	return w != nil && w.number <= w.queue.gate && w.locker.cfg.TTL == a.locker.cfg.TTL
}

// freed notes that the lease is not held here any more, and lets the first waiter go for it.
func (q *queue) freed(now clock.Instant) {
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	q.holder = nil
	if q.contest != nil {
		q.contest.wait.Yielded(now)
	}
	q.promote()
	q.tidy()
}

// promote makes the first waiter the head.
func (q *queue) promote() {
	if q.first != nil {
		q.first.turn <- nil
	}
}

// tidy gives up what nobody needs any more.
func (q *queue) tidy() {
	if q.first != nil {
		return
	}
	q.settle()
	if q.holder == nil {
		delete(q.shard.byKey, q.key)
		spare := &q.house.queues.spare
		*q = queue{}
		spare.Put(q)
	}
}

// lost notes what w, the head, has met, and tells the others why they wait.
func (q *queue) lost(a *attempt, why *QuorumError) {
	now := a.now()
	answers, took, end := a.answers(now)
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	q.said = why
	q.tries++
	if q.contest == nil {
		q.compete()
	}
	q.contest.alone = 0
	q.contest.wait.Lost(now, took, end, answers, rand.Float64())
}

// heard returns what the last try met; nil: there was none since somebody here had the lease.
func (q *queue) heard() *QuorumError {
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	return q.said
}

// why returns why w waits. Callers hold the shard's mu.
func (q *queue) why(w *waiter) *QuorumError {
	if q.said != nil {
		return q.said
	}
	cause := ErrHeld // by somebody here
	if q.holder == nil {
		cause = ErrNoQuorum // so far
	}
	rule := w.locker.params.Rule
	return &QuorumError{Op: opLock, Key: q.key, Cause: cause, Need: rule.Need(), Nodes: rule.Nodes()}
}
