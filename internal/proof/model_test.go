package proof

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
)

// model is what a deployment must do, told as simply as can be: which node has which key, of whom and until when, and
// which lease lasts until when. One thing happens at a time.
type model struct {
	fenced bool
	nodes  []*shelf
	leases []*belief
}

// shelf is one node.
type shelf struct {
	fault   memory.Fault
	keys    map[string]stored
	known   bool      // it remembers who asked it before; else the next grant finds out
	votes   time.Time // from when on it gives grants
	backlog []func(now time.Time)
	murky   map[string]bool // keys of which nobody knows whether their end is in the backlog
}

// stored is one key on one node.
type stored struct {
	owner string
	until time.Time
}

// belief is one lease, as its holder knows it.
type belief struct {
	house int // which locker it is of
	key   string
	owner string
	ttl   time.Duration
	until time.Time
	over  error        // ErrLost or ErrUnlocked; nil: held
	owed  map[int]bool // nodes that have not heard of its end
	never map[int]bool // nodes that certainly have no grant of it
	lease *redlock.Lease
	// It was won by Lock, behind which others of the same locker wait.
	queued bool
}

// reach is which nodes a locker does without, because they have not answered.
type reach map[int]bool

func (m *model) need() int { return len(m.nodes)/2 + 1 }

// outcome is what an operation may return: one of these.
type outcome []error

func (o outcome) allows(err error, is func(err, target error) bool) bool {
	return slices.ContainsFunc(o, func(want error) bool { return want == nil && err == nil || want != nil && is(err, want) })
}

// window is for how long a lease of that TTL is trusted.
func window(ttl time.Duration) time.Duration {
	return ttl - clock.DefaultDrift.Of(ttl) - min(max(ttl/20, time.Millisecond), 250*time.Millisecond)
}

// pass lets time go by until now: keys expire, and leases come to their ends, in order.
func (m *model) pass(now time.Time, down []reach) {
	due := slices.Clone(m.leases)
	slices.SortStableFunc(due, func(a, b *belief) int { return cmp.Compare(a.until.UnixNano(), b.until.UnixNano()) })
	for _, b := range due {
		if b.over == nil && !b.until.After(now) {
			b.over = redlock.ErrLost
			m.release(b, b.until, down[b.house])
		}
	}
	m.expire(now)
}

// expire removes the keys whose time is over.
func (m *model) expire(now time.Time) {
	for _, n := range m.nodes {
		for key, s := range n.keys {
			if !s.until.After(now) {
				delete(n.keys, key)
			}
		}
	}
}

// heard reports whether the node answers what a locker asks it now. A locker that gets no answer does without the node
// from then on.
func (m *model) heard(i int, down reach) bool {
	if m.nodes[i].fault != memory.Healthy {
		down[i] = true
	}
	return !down[i]
}

// grant asks all nodes for the key, and returns what may come of it; nil: the lease that begins now.
func (m *model) grant(b *belief, now time.Time, longest time.Duration, down reach) outcome {
	yes, refused, silent := []int{}, 0, 0
	b.never = map[int]bool{}
	for i, n := range m.nodes {
		b.never[i] = down[i]
		heard := m.heard(i, down)
		held, taken := n.keys[b.key]
		switch {
		case !heard:
			silent++
		case !m.votes(n, now, longest):
			silent++
		case taken && held.until.After(now):
			refused++
		default:
			yes = append(yes, i)
		}
	}
	if len(yes) >= m.need() {
		b.until = now.Add(window(b.ttl))
		for _, i := range yes {
			m.nodes[i].keys[b.key] = stored{owner: b.owner, until: now.Add(b.ttl)}
		}
		return nil
	}
	taken := refused > len(m.nodes)-m.need()
	switch {
	case taken && silent == 0:
		return outcome{redlock.ErrHeld}
	case taken:
		return outcome{redlock.ErrHeld, redlock.ErrNoQuorum}
	default:
		return outcome{redlock.ErrNoQuorum}
	}
}

// votes reports whether a node that can be reached gives grants now. One that has forgotten everything is found out by
// the grant, and waits from then on (R6).
func (m *model) votes(n *shelf, now time.Time, longest time.Duration) bool {
	if !m.fenced {
		return true
	}
	if !n.known {
		n.known, n.votes = true, now.Add(time.Duration(float64(longest)*1.01)+10*time.Millisecond)
	}
	return !now.Before(n.votes)
}

// extend asks all nodes to keep the key, as of now, and returns what may come of it.
func (m *model) extend(b *belief, now time.Time, longest time.Duration, down reach) outcome {
	yes, refused := 0, []int{}
	for i, n := range m.nodes {
		was := down[i]
		heard := m.heard(i, down)
		mine := n.keys[b.key].owner == b.owner && n.keys[b.key].until.After(now)
		keep := func(now time.Time) {
			if s := n.keys[b.key]; s.owner == b.owner && s.until.After(now) {
				n.keys[b.key] = stored{owner: b.owner, until: now.Add(b.ttl)}
			}
		}
		switch {
		case heard && mine:
			yes++
			keep(now)
		case heard:
			refused = append(refused, i)
		case !was && n.fault == memory.Hung:
			n.backlog = append(n.backlog, keep)
		}
	}
	if len(refused) > len(m.nodes)-m.need() {
		b.over, b.until = redlock.ErrLost, now
		for _, n := range m.nodes { // the release may be in one batch with the extend, or behind it
			if len(n.backlog) > 0 {
				n.murky[b.key] = true
			}
		}
		m.release(b, now, down)
		if yes+len(refused) < len(m.nodes) { // the round may be lost before the last refusal, which loses the lease
			return outcome{redlock.ErrLost, redlock.ErrNoQuorum}
		}
		return outcome{redlock.ErrLost}
	}
	for _, i := range refused { // they are asked to have it again (R7)
		b.never[i] = false
		if n := m.nodes[i]; m.votes(n, now, longest) && !n.keys[b.key].until.After(now) {
			n.keys[b.key] = stored{owner: b.owner, until: now.Add(b.ttl)}
		}
	}
	switch patience := min(timeout, b.ttl/4); {
	case yes >= m.need():
		b.until = now.Add(window(b.ttl))
		return outcome{nil}
	case b.until.Before(now.Add(patience)):
		return outcome{redlock.ErrNoQuorum, redlock.ErrLost}
	default:
		return outcome{redlock.ErrNoQuorum}
	}
}

// release takes the key back wherever it may be, from nodes that do not hear of it as soon as they do, and returns what an
// Unlock may say to that.
func (m *model) release(b *belief, now time.Time, down reach) outcome {
	m.expire(now)
	yes, refused := 0, 0
	for i, n := range m.nodes {
		if b.never[i] {
			continue
		}
		was := down[i]
		heard := m.heard(i, down)
		mine := n.keys[b.key].owner == b.owner
		switch {
		case heard && mine:
			yes++
		case heard:
			refused++
		default:
			b.owed[i] = true
		}
		if !was && n.fault == memory.Hung {
			n.backlog = append(n.backlog, func(time.Time) {
				if n.keys[b.key].owner == b.owner {
					delete(n.keys, b.key)
				}
			})
		}
		if heard && mine {
			delete(n.keys, b.key)
		}
	}
	forgotten := refused > len(m.nodes)-m.need()
	switch {
	case yes+refused < m.need():
		return outcome{redlock.ErrNoQuorum}
	case forgotten && yes == 0:
		return outcome{redlock.ErrLost}
	case forgotten:
		return outcome{redlock.ErrLost, nil}
	default:
		return outcome{nil}
	}
}

// heal makes a node well at now, and has it hear, until all lockers have found out, what it is owed.
func (m *model) heal(i int, now, until time.Time, down []reach) {
	n := m.nodes[i]
	m.expire(now)
	n.fault = memory.Healthy
	for _, late := range n.backlog {
		late(now)
	}
	n.backlog = nil
	m.pass(until, down) // leases that end meanwhile owe their release until then
	for _, d := range down {
		delete(d, i)
	}
	for _, b := range m.leases {
		if b.owed[i] {
			delete(b.owed, i)
			if n.keys[b.key].owner == b.owner {
				delete(n.keys, b.key)
			}
		}
	}
}
