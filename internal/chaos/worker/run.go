package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/lock"
	"github.com/quorumlock/quorumlock/internal/chaos/storage"
)

// process is the worker.
type process struct {
	task    Task
	locker  lock.Locker
	storage *storage.Client
	pulse   *pulse

	mu     sync.Mutex // guards the fields below
	out    *json.Encoder
	broken error // the report cannot be written
}

// Run reads a task from in, works until in ends, and reports to out. The error says why it could not work; its parent has
// heard of it, if it can hear.
func Run(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("worker: no task: %w", err)
	}
	p := &process{out: json.NewEncoder(out)}
	if err = json.Unmarshal(text, &p.task); err != nil {
		err = fmt.Errorf("bad task: %w", err)
	} else {
		err = p.work(lines)
	}
	if err != nil {
		p.say(Message{Failed: err.Error()})
		return fmt.Errorf("worker: %w", err)
	}
	p.say(Message{Done: true})
	return p.broken
}

// work has all clients work until in ends.
func (p *process) work(in io.Reader) (err error) {
	t := p.task
	p.storage, err = storage.Dial(t.Storage)
	if err != nil {
		return err
	}
	defer p.storage.Close()
	secure, err := t.TLS.Config()
	if err != nil {
		return err
	}
	p.locker, err = lock.Open(t.Lock, lock.Config{
		Addrs: t.Addrs, TLS: secure, TTL: t.TTL, MaxTTL: t.MaxTTL, NodeTimeout: t.NodeTimeout, Plain: t.Plain, Fresh: t.Fresh,
		Deployment: t.Deployment,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.locker.Close()) }()
	p.pulse = startPulse(t.Epoch)
	defer p.pulse.stop()

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	p.say(Message{Ready: true})
	var working sync.WaitGroup
	for i := range t.Contenders + t.Loners + t.Keepers {
		c := &client{process: p, number: t.FirstClient + i, lots: rand.New(rand.NewPCG(t.Seed, uint64(t.FirstClient+i)))}
		switch {
		case i < t.Contenders:
			working.Go(func() { c.contend(ctx, slices.Contains(t.ToLong, i)) })
		case i < t.Contenders+t.Loners:
			working.Go(func() { c.lone(ctx) })
		default:
			working.Go(func() { c.keep(ctx) })
		}
	}
	_, _ = io.Copy(io.Discard, in) // until the parent closes it, or ends
	stop()
	working.Wait()
	return nil
}

func (p *process) say(m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.out.Encode(m); err != nil && p.broken == nil {
		p.broken = err
	}
}

// now is the time since the beginning of the run.
func (p *process) now() time.Duration { return history.Now() - p.task.Epoch }
