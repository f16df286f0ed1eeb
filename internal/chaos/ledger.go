package chaos

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/worker"
)

// ledger takes down what the clients report, and knows who holds what at this moment.
type ledger struct {
	violation func(*check.Problem)

	mu         sync.Mutex // guards the fields below
	operations []history.Operation
	file       *history.Writer // nil: there is none
	broken     error           // of the file
	watch      check.Watch
	holding    map[int]worker.Holding // by client
	cycles     int                    // leases handed out since the last sample
	failed     int                    // tries that failed since then
	tries      []time.Duration        // how long those took that did not
}

// hear takes down one message.
func (l *ledger) hear(_ *member, m worker.Message) {
	if problem := l.take(m); problem != nil {
		l.violation(problem)
	}
}

func (l *ledger) take(m worker.Message) *check.Problem {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.Holding != nil {
		l.holding[m.Holding.Client] = *m.Holding
	}
	op := m.Operation
	if op == nil {
		return nil
	}
	l.operations = append(l.operations, *op)
	if l.file != nil && l.broken == nil {
		l.broken = l.file.Write(op)
	}
	switch {
	case op.Kind == history.Hold:
		delete(l.holding, op.Client)
		l.cycles++
	case op.Kind == history.Try && op.Outcome == history.OK:
		l.tries = append(l.tries, op.Returned-op.Called)
	case op.Kind == history.Try:
		l.failed++
	}
	return l.watch.Tell(op)
}

// holder returns a client that holds a key which many want, and whose process is not among those that are busy: one that
// will hold it for long, if there is one, and of these the one that got its lease last.
func (l *ledger) holder(busy func(process int) bool) (worker.Holding, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var best worker.Holding
	found := false
	for _, one := range l.holding {
		if one.Alone || busy(one.Process) {
			continue
		}
		if !found || one.Long && !best.Long || one.Long == best.Long && one.At > best.At {
			best, found = one, true
		}
	}
	return best, found
}

// sample returns what went on since the last one.
func (l *ledger) sample() Sample {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Sample{Cycles: l.cycles, Failed: l.failed, Holders: map[string]string{}}
	if len(l.tries) > 0 {
		slices.Sort(l.tries)
		s.P50, s.P99 = check.Rank(l.tries, 0.5), check.Rank(l.tries, 0.99)
	}
	for _, one := range l.holding {
		if !one.Alone {
			s.Holders[one.Key] = fmt.Sprintf("process %d, client %d", one.Process+1, one.Client)
		}
	}
	l.cycles, l.failed, l.tries = 0, 0, l.tries[:0]
	return s
}
