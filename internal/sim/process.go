package sim

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// What redlock/timetable.go uses, and the pauses of callers between tries.
const (
	tick     = 250 * time.Millisecond
	jump     = time.Millisecond
	minPause = 20 * time.Millisecond
	maxPause = 500 * time.Millisecond
)

// process is one client process: the twin of a locker, with its callers and its machine's clocks.
type process struct {
	w       *world
	slot    int
	clock   dial
	dead    bool
	stopped int      // faults that keep it from running
	inbox   []func() // what happens when it runs again
	lanes   []*lane
	params  protocol.Params
	workers []*worker
	r       *rand.Rand

	skewed  bool
	members int
	longest time.Duration
	fresh   bool
	born    time.Duration // in real time

	leases []*lease      // with something to wake for
	lead   time.Duration // when the timetable looked last
	wake   time.Duration // when it looks next; 0: not planned
}

func newProcess(w *world, slot, life int, clocks dial) *process {
	name := strconv.Itoa(slot) + "." + strconv.Itoa(life)
	cfg := &w.cfg
	p := &process{w: w, slot: slot, clock: clocks, r: fork(cfg.Seed, "process "+name),
		members: cfg.Nodes, longest: cfg.Longest, fresh: cfg.Fresh && life == 0, born: w.now}
	if cfg.Skewed && slot == cfg.Clients-1 {
		p.skewed = true
		if p.r.IntN(2) == 0 {
			p.members--
		} else {
			p.longest *= 2
		}
	}
	p.params = protocol.Params{Rule: quorum.Majority(p.members), TTL: cfg.TTL, Drift: cfg.Drift, Guard: cfg.Guard,
		Budget: cfg.Budget, MaxHold: cfg.MaxHold, Renew: cfg.Renew, Fenced: true}
	if cfg.HandsOver && cfg.Mutant == Intact {
		p.params.Cohort.Max = block
	}
	cfg.Mutant.alter(&p.params)
	p.lead = p.now().Lead()
	for i := range p.members {
		p.lanes = append(p.lanes, &lane{p: p, index: i, clock: nodeClock{drift: cfg.Drift}})
	}
	if p.fresh && cfg.Mutant != FreshBelievedLate {
		for _, l := range p.lanes {
			l.firstLook()
		}
	}
	for i := range cfg.Workers {
		p.workers = append(p.workers, newWorker(p, i, name))
	}
	return p
}

func (p *process) now() clock.Instant  { return p.clock.at(p.w.now) }
func (p *process) mono() time.Duration { return p.now().Mono() }

// deliver has the process do something now, or when it runs again.
func (p *process) deliver(do func()) {
	switch {
	case p.dead:
	case p.stopped > 0:
		p.inbox = append(p.inbox, do)
	default:
		do()
	}
}

// resume ends a fault that keeps the process from running.
func (p *process) resume() {
	if p.stopped--; p.stopped > 0 || p.dead {
		return
	}
	inbox := p.inbox
	p.inbox = nil
	for _, do := range inbox {
		p.deliver(do)
	}
}

// after does something when d has gone by on the monotonic clock.
func (p *process) after(d time.Duration, do func()) { p.at(p.mono()+d, do) }

func (p *process) at(due time.Duration, do func()) {
	p.w.push(max(p.w.now+1, p.clock.real(due)+1), func() {
		p.deliver(func() {
			if p.mono() < due {
				p.at(due, do)
			} else {
				do()
			}
		})
	})
}

// proposal is the fence that this process proposes (R5).
func (p *process) proposal() uint64 {
	now, latest := p.now(), int64(0)
	for _, l := range p.lanes {
		latest = max(latest, l.clock.estimate(now))
	}
	if latest == 0 {
		return 0
	}
	return uint64(latest+50_000) / 64
}

// plan is the timetable's: it sees to it that leases are woken in time, and that jumps of time are noticed.
func (p *process) plan() {
	if len(p.leases) == 0 {
		return
	}
	now := p.mono()
	due := now + tick
	for _, s := range p.leases {
		due = min(due, s.due)
	}
	due = max(due, now)
	if p.wake != 0 && p.wake <= due {
		return
	}
	p.wake = due
	p.at(due, func() {
		if p.wake == due {
			p.wake = 0
			p.look()
		}
	})
}

// look wakes the leases that are due; all of them after time has jumped.
func (p *process) look() {
	now := p.now()
	jumped := (now.Lead() - p.lead).Abs() >= jump
	p.lead = now.Lead()
	for _, s := range slices.Clone(p.leases) {
		if jumped || s.due <= now.Mono() {
			s.awake()
		}
	}
	p.plan()
}

// put has s woken at its due time, and drop never.
func (p *process) put(s *lease, due time.Duration) {
	s.due = due
	if !s.planned {
		s.planned = true
		p.leases = append(p.leases, s)
	}
	p.plan()
}

func (p *process) drop(s *lease) {
	if s.planned {
		s.planned = false
		p.leases = slices.DeleteFunc(p.leases, func(other *lease) bool { return other == s })
	}
}

// crash ends the process with all that it knows.
func (p *process) crash() {
	p.dead = true
	for _, wk := range p.workers {
		wk.leave()
	}
}
