package proof

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// ledger is who believes to hold which key, and what has happened so far. It is safe for concurrent use.
type ledger struct {
	mu     sync.Mutex
	holder map[string]*redlock.Lease // guarded by mu; of whoever has not said that it is over
	fence  map[string]uint64         // guarded by mu; the last one that was handed out
	open   map[string]int            // guarded by mu; how many leases of an owner are not over
	ended  map[string]time.Time      // guarded by mu; owners of which no lease is open any more, since when
	counts map[string]int            // guarded by mu
	wrong  []string                  // guarded by mu
}

func newLedger() *ledger {
	return &ledger{holder: make(map[string]*redlock.Lease), fence: make(map[string]uint64),
		open: make(map[string]int), ended: make(map[string]time.Time), counts: make(map[string]int)}
}

// took notes that a lease has been handed out, and looks whether anybody else has the key (I1), and whether its fence is
// larger than all before (I2, I3).
func (l *ledger) took(lease *redlock.Lease, fenced bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owner := lease.Owner()
	if l.open[owner] > 0 || !l.ended[owner].IsZero() {
		l.counts["hand-overs in a process"]++
	}
	l.open[owner]++
	delete(l.ended, owner)
	if lease.Err() != nil {
		l.counts["over at once"]++
		return
	}
	key := lease.Key()
	if other := l.holder[key]; other != nil && other.Err() == nil {
		l.fault("I1: %q is held by fence %d with %v left, and by fence %d with %v left",
			key, other.Fence(), other.Left(), lease.Fence(), lease.Left())
	}
	if last := l.fence[key]; fenced && lease.Fence() <= last {
		l.fault("I3: %q got fence %d after %d", key, lease.Fence(), last)
	}
	l.holder[key], l.fence[key] = lease, lease.Fence()
	l.counts["acquisitions"]++
}

// gave notes that the holder does not believe in the lease any more.
func (l *ledger) gave(lease *redlock.Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holder[lease.Key()] == lease {
		delete(l.holder, lease.Key())
	}
}

// freed notes that the nodes have been told, or are owed, that a lease is over.
func (l *ledger) freed(lease *redlock.Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owner := lease.Owner()
	if l.open[owner]--; l.open[owner] == 0 {
		l.ended[owner] = time.Now()
	}
}

// over returns since when the lease of that owner has been over, if it is.
func (l *ledger) over(owner string) (since time.Time, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since, known = l.ended[owner]
	return since, known
}

// count notes that something has happened.
func (l *ledger) count(what string) { l.add(what, 1) }

func (l *ledger) add(what string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[what] += n
}

// violated notes what may never happen.
func (l *ledger) violated(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault(format, args...)
}

// fault is violated for those that hold mu.
func (l *ledger) fault(format string, args ...any) {
	if l.wrong = append(l.wrong, time.Now().UTC().Format("15:04:05.000000 ")+fmt.Sprintf(format, args...)); len(l.wrong) > 20 {
		l.wrong = l.wrong[:20]
	}
	l.counts["violations"]++
}

func (l *ledger) String() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(l.counts)) {
		fmt.Fprintf(&b, "%s %d, ", what, l.counts[what])
	}
	return strings.TrimSuffix(b.String(), ", ")
}
