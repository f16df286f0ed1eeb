package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/worker"
	"github.com/quorumlock/quorumlock/internal/child"
)

// crew is the worker processes of a run.
type crew struct {
	members []*member
	hear    func(*member, worker.Message)
}

// member is one worker process. It can be frozen.
type member struct {
	number int
	cmd    *exec.Cmd
	input  io.WriteCloser
	said   bytes.Buffer // on standard error
	ready  chan struct{}
	gone   chan struct{} // closed when it has ended, and everything that it said was heard

	mu     sync.Mutex // guards the fields below
	done   bool       // it has said that it gave everything back
	failed string     // why it could not work
}

// patience is how long a worker may take to begin, and to end.
const patience = 30 * time.Second

// hire starts the processes with their tasks, and returns when all of them are about to work. hear is told of everything
// that they report, from several goroutines.
func hire(ctx context.Context, command func() *exec.Cmd, tasks []worker.Task, hear func(*member, worker.Message)) (*crew, error) {
	c := &crew{hear: hear}
	for i := range tasks {
		m, err := c.start(command(), i, &tasks[i])
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start worker %d: %w", i+1, err), c.dismiss())
		}
		c.members = append(c.members, m)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("a worker is not ready after %v", patience))
	defer cancel()
	for _, m := range c.members {
		select {
		case <-m.ready:
		case <-m.gone:
			return nil, errors.Join(m.trouble(), c.dismiss())
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), c.dismiss())
		}
	}
	return c, nil
}

func (c *crew) start(cmd *exec.Cmd, number int, task *worker.Task) (*member, error) {
	m := &member{number: number, cmd: cmd, ready: make(chan struct{}), gone: make(chan struct{})}
	child.Bind(cmd)
	cmd.Stderr = &m.said
	cmd.WaitDelay = time.Second
	var err error
	if m.input, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go c.listen(m, out)
	text, err := json.Marshal(task)
	if err == nil {
		_, err = m.input.Write(append(text, '\n'))
	}
	if err != nil {
		return nil, errors.Join(err, m.kill())
	}
	return m, nil
}

// listen hears a worker until it ends.
func (c *crew) listen(m *member, out io.Reader) {
	defer close(m.gone)
	for dec := json.NewDecoder(bufio.NewReaderSize(out, 1<<16)); ; {
		var said worker.Message
		if err := dec.Decode(&said); err != nil {
			break // it has ended, or was ended in the middle of a word
		}
		switch {
		case said.Ready:
			close(m.ready)
		case said.Done:
			m.mu.Lock()
			m.done = true
			m.mu.Unlock()
		case said.Failed != "":
			m.mu.Lock()
			m.failed = said.Failed
			m.mu.Unlock()
		default:
			c.hear(m, said)
		}
	}
	_ = m.cmd.Wait() // what matters of it is whether it said that it is done
}

// stop tells all workers to give back what they hold, and returns when they have. The errors are of those that did not.
func (c *crew) stop() []error {
	for _, m := range c.members {
		_ = m.input.Close()
	}
	over := time.NewTimer(patience)
	defer over.Stop()
	var errs []error
	for _, m := range c.members {
		select {
		case <-m.gone:
		case <-over.C:
			errs = append(errs, fmt.Errorf("worker %d had not ended after %v, and was killed", m.number+1, patience), c.dismiss())
			return errs
		}
		if err := m.trouble(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// dismiss ends what is left of the crew at once.
func (c *crew) dismiss() error {
	var errs []error
	for _, m := range c.members {
		errs = append(errs, m.kill())
	}
	return errors.Join(errs...)
}

func (m *member) kill() error {
	select {
	case <-m.gone:
		return nil
	default:
	}
	err := m.cmd.Process.Kill()
	<-m.gone
	return err
}

// trouble says why a worker that has ended did not end as it should have; nil when it did.
func (m *member) trouble() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.done:
		return nil
	case m.failed != "":
		return fmt.Errorf("worker %d: %s", m.number+1, m.failed)
	}
	return fmt.Errorf("worker %d ended before its time (%v): %s", m.number+1, m.cmd.ProcessState, lastLine(m.said.String()))
}

// Freeze stops the process.
func (m *member) Freeze() error { return child.Suspend(m.cmd.Process) }

// Thaw lets it go on.
func (m *member) Thaw() error { return child.Resume(m.cmd.Process) }
