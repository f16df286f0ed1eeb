package sim

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/quorumlock/quorumlock/internal/protocol"
)

// worker is a caller: it thinks, locks a key, writes to the storage while it holds the lease, and unlocks.
type worker struct {
	p       *process
	index   int
	r       *rand.Rand
	lock    *lock
	lease   *lease // of the present try
	visit   int    // of the present Lock; old timers name another
	waiting bool
	pause   time.Duration
	tries   int
	turns   *rand.Rand // whether somebody in the process waits who gets the lease next
	excused int        // of them, lost in a way that is known
	owner   string     // of the mutant OneOwner
}

func newWorker(p *process, index int, name string) *worker {
	return &worker{p: p, index: index, r: fork(p.w.cfg.Seed, "worker "+name+" "+strconv.Itoa(index)),
		turns: fork(p.w.cfg.Seed, "turns "+name+" "+strconv.Itoa(index))}
}

// think pauses, then locks a key.
func (wk *worker) think() {
	wk.visit++
	wk.lease = nil
	if wk.p.w.ending {
		return
	}
	visit := wk.visit
	wk.p.after(time.Duration(wk.r.ExpFloat64()*float64(wk.p.w.cfg.TTL)/2), func() {
		if visit == wk.visit && !wk.p.w.ending {
			wk.begin()
		}
	})
}

// begin is Lock: it tries until it holds the key, or has waited for long enough.
func (wk *worker) begin() {
	w := wk.p.w
	wk.visit++
	wk.lock = w.locks[wk.r.IntN(len(w.locks))]
	if w.cfg.Quiet {
		wk.lock = w.locks[wk.p.slot%len(w.locks)]
	}
	wk.pause, wk.tries, wk.excused = minPause, 0, 0
	wk.owner = ""
	wk.enter()
	impatient, patience := wk.r.IntN(4) == 0, time.Duration(wk.r.Float64()*float64(2*w.cfg.TTL))
	if impatient && !w.cfg.Quiet {
		visit := wk.visit
		wk.p.after(patience, func() {
			if visit == wk.visit {
				wk.giveUp()
			}
		})
	}
	wk.try()
}

func (wk *worker) try() {
	wk.tries++
	wk.p.w.report.Attempts++
	wk.lease = newLease(wk)
	if wk.p.w.telling() {
		wk.p.w.tell(wk.p.name(), wk.lock.key, "asks for %s as %s, try %d of caller %d", wk.lock.key, wk.lease.owner, wk.tries, wk.index)
	}
	wk.lease.start()
}

// giveUp is the end of the caller's context while it waits.
func (wk *worker) giveUp() {
	if !wk.waiting {
		return
	}
	wk.leave()
	wk.p.w.report.Cancelled++
	s := wk.lease
	wk.lease = nil
	if s != nil {
		s.cancel()
	}
	wk.think()
}

// refused is the end of a try.
func (wk *worker) refused(s *lease) {
	if wk.lease != s || !wk.waiting {
		return
	}
	if wk.p.w.cfg.Mutant != OlderAttempt {
		wk.lease = nil
	}
	visit := wk.visit
	wk.p.after(wk.pause-time.Duration(wk.r.Int64N(int64(wk.pause/2)+1)), func() {
		if visit == wk.visit {
			wk.try()
		}
	})
	wk.pause = min(2*wk.pause, maxPause)
}

// locked is what the caller does with the lease.
func (wk *worker) locked(s *lease) {
	if wk.lease != s {
		return // cancelled in the same moment
	}
	wk.leave()
	wk.hold(s)
}

// hold holds the lease for a while and writes, whether it is still held or not.
func (wk *worker) hold(s *lease) {
	wk.visit++
	visit := wk.visit
	hold := time.Duration(wk.r.ExpFloat64() * float64(wk.p.w.cfg.TTL) / 3)
	if wk.r.IntN(6) == 0 {
		hold += time.Duration(wk.r.Float64() * 3 * float64(wk.p.w.cfg.TTL))
	}
	for range wk.r.IntN(3) {
		wk.p.after(time.Duration(wk.r.Float64()*float64(hold)), func() { wk.write(s) })
	}
	if wk.r.IntN(4) == 0 {
		for range 3 {
			wk.p.after(time.Duration(wk.r.Float64()*float64(hold)), s.extend)
		}
	}
	wk.p.after(hold, func() {
		if visit == wk.visit {
			wk.unlock()
		}
	})
}

// unlock gives the lease back.
func (wk *worker) unlock() {
	s := wk.lease
	if s == nil || s.machine.Phase() != protocol.Held {
		wk.think()
		return
	}
	if !wk.p.w.ending && wk.turns.IntN(2) == 0 && s.handOver() {
		wk.hold(s) // in the place of the next one
		return
	}
	s.release()
	if s.machine.End() != protocol.Unlocked {
		wk.think()
	}
}

// unlocked is the end of unlock.
func (wk *worker) unlocked(s *lease) {
	if wk.lease == s {
		wk.think()
	}
}

// write sends the fence along to the storage, which it reaches after a while.
func (wk *worker) write(s *lease) {
	w := wk.p.w
	fence := s.machine.Fence()*block + uint64(s.machine.Turn())
	w.push(w.now+time.Duration(wk.r.Float64()*wk.r.Float64()*float64(w.cfg.TTL)), func() { w.write(s, fence) })
}

// stop has the caller come to an end.
func (wk *worker) stop() {
	switch {
	case wk.waiting:
		wk.giveUp()
	case wk.lease != nil:
		wk.visit++
		wk.unlock()
	}
}

// enter and leave say whether the caller waits for its key.
func (wk *worker) enter() {
	wk.waiting = true
	if !wk.p.skewed {
		wk.lock.waiters++
		wk.p.w.starve(wk.lock)
	}
}

func (wk *worker) leave() {
	if wk.waiting && !wk.p.skewed {
		wk.lock.waiters--
		wk.p.w.starve(wk.lock)
	}
	wk.waiting = false
}
