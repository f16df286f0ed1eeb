package worker

import (
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// pulse notices when the whole process does not run: stopped by a signal, or without a core to run on.
type pulse struct {
	epoch time.Duration
	over  chan struct{}
	gone  chan struct{}

	mu    sync.Mutex // guards the fields below
	last  time.Duration
	skips []skip // in order; only as many as may matter
}

// skip is a time without a beat.
type skip struct{ from, until time.Duration }

const (
	beat      = 5 * time.Millisecond
	worthSaid = 2 * beat // a skip that is no longer is no skip
	kept      = 64
)

func startPulse(epoch time.Duration) *pulse {
	p := &pulse{epoch: epoch, over: make(chan struct{}), gone: make(chan struct{}), last: history.Now() - epoch}
	go p.run()
	return p
}

func (p *pulse) stop() {
	close(p.over)
	<-p.gone
}

func (p *pulse) run() {
	defer close(p.gone)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-p.over:
			return
		case <-ticker.C:
			p.beat(history.Now() - p.epoch)
		}
	}
}

func (p *pulse) beat(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now-p.last > worthSaid {
		if len(p.skips) == kept {
			p.skips = append(p.skips[:0], p.skips[1:]...)
		}
		p.skips = append(p.skips, skip{p.last, now})
	}
	p.last = now
}

// longest returns the longest time without a beat that has a moment in common with from to now.
func (p *pulse) longest(from, now time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var most time.Duration
	if now-p.last > worthSaid { // it goes on
		most = now - p.last
	}
	for _, s := range p.skips {
		if s.until > from && s.from < now {
			most = max(most, s.until-s.from)
		}
	}
	return most
}
