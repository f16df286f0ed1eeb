package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// process is one of several that a load runs in.
type process struct {
	task  task
	lines *json.Decoder // orders

	mu     sync.Mutex    // guards the fields below
	out    *json.Encoder // reports
	broken error         // why they cannot be written
}

// tellEvery is the time between two reports of progress.
const tellEvery = 500 * time.Millisecond

// Work is what a process does that Config.Process has started: it reads a task and orders from in, works, and reports to
// out. The error says why it could not work; its parent has heard of it, if it can hear. When ctx ends, it ends early,
// with an error.
func Work(ctx context.Context, in io.Reader, out io.Writer) error {
	p := &process{lines: json.NewDecoder(bufio.NewReader(in)), out: json.NewEncoder(out)}
	found, err := p.work(ctx)
	if err != nil {
		p.say(message{Failed: oneLine(err)})
		return err
	}
	p.say(message{Done: true, Part: found})
	return p.broken
}

func (p *process) work(ctx context.Context) (found *part, err error) {
	if err := p.lines.Decode(&p.task); err != nil {
		return nil, fmt.Errorf("no task: %w", err)
	}
	t := p.task
	answers := newAnswers(len(t.Addrs))
	l, err := t.Config.locker(t.Addrs, answers.observer())
	if err != nil {
		return nil, err
	}
	closing := sync.OnceValue(l.Close)
	defer closing()
	if _, err := l.Check(ctx); err != nil {
		return nil, err
	}
	p.say(message{Ready: true})
	var first order
	if err := p.lines.Decode(&first); err != nil || first.Begin == 0 {
		return nil, errors.Join(errors.New("was not told to begin"), err)
	}
	began := time.Now().Add(time.Until(time.Unix(0, first.Begin))) // from here on, whatever becomes of the wall clock
	found = p.load(ctx, l, answers, began)
	if ctx.Err() != nil {
		return nil, errors.New("was told to end by a signal")
	}
	if err := closing(); err != nil && found != nil {
		found.Closing = oneLine(err)
	}
	return found, nil
}

// load works until the end of the measured part, or until it is told to stop, and returns what it has found.
func (p *process) load(ctx context.Context, l *redlock.Locker, a *answers, began time.Time) *part {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan struct{}) // the input has ended
	go func() {
		defer close(over)
		defer stop()
		for {
			var next order
			if p.lines.Decode(&next) != nil {
				return
			}
			if next.Stop {
				stop()
			}
		}
	}()
	s := newShift(ctx, p.task.Config, p.task.Process, p.task.Prefix, l, a, began)
	told := s.start
	s.measure(func() {}, func() {
		if now := time.Now(); now.Sub(told) >= tellEvery {
			told = now
			completed, newest := s.rec.progress()
			p.say(message{Progress: &progress{Completed: completed, Lately: newest}})
		}
	})
	select {
	case <-s.worked:
	case <-over:
	}
	return s.finish()
}

func (p *process) say(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.out.Encode(m); err != nil && p.broken == nil {
		p.broken = err
	}
}
