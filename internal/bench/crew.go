package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/child"
)

// crew is the processes that a load runs in. Whoever has hired it dismisses it.
type crew struct {
	members []*member
	ctx     context.Context // ends with the run's, and with the first member that could not work, as its cause
	broken  context.CancelCauseFunc
}

// member is one process.
type member struct {
	name  string
	cmd   *exec.Cmd
	input io.WriteCloser
	said  bytes.Buffer // on standard error; to be read when it has gone
	ready chan struct{}
	gone  chan struct{} // closed when it has ended, and everything that it said was heard

	mu       sync.Mutex // guards the fields below
	progress progress
	done     bool   // it has given everything back
	part     *part  // what it found; nil when it was stopped before that
	failed   string // why it could not work
}

// patience is how long a process may take to begin, and to end.
const patience = 30 * time.Second

// hire starts a process for each task, and returns when all of them are ready to begin. The crew must be dismissed also
// after an error.
func hire(ctx context.Context, command func() *exec.Cmd, tasks []task) (*crew, error) {
	c := &crew{}
	c.ctx, c.broken = context.WithCancelCause(ctx)
	for i := range tasks {
		if err := c.start(command(), fmt.Sprintf("process %d of %d", i+1, len(tasks)), &tasks[i]); err != nil {
			return c, err
		}
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for _, m := range c.members {
		select {
		case <-m.ready:
		case <-c.ctx.Done():
			return c, context.Cause(c.ctx)
		case <-late.C:
			return c, fmt.Errorf("%s is not ready after %v", m.name, patience)
		}
	}
	return c, nil
}

func (c *crew) start(cmd *exec.Cmd, name string, t *task) error {
	m := &member{name: name, cmd: cmd, ready: make(chan struct{}), gone: make(chan struct{})}
	child.Bind(cmd)
	cmd.Stderr = &m.said
	cmd.WaitDelay = time.Second
	var err error
	if m.input, err = cmd.StdinPipe(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	c.members = append(c.members, m)
	go c.listen(m, out)
	m.order(t)
	return nil
}

// listen hears a process until it ends.
func (c *crew) listen(m *member, out io.Reader) {
	defer close(m.gone)
	for dec := json.NewDecoder(bufio.NewReaderSize(out, 1<<16)); ; {
		var said message
		if dec.Decode(&said) != nil {
			break // it has ended, or was ended in the middle of a word
		}
		m.hear(&said)
	}
	_, _ = io.Copy(io.Discard, out) // in case it goes on in another language
	_ = m.cmd.Wait()                // what matters of it is whether it said that it is done
	if err := m.trouble(); err != nil {
		c.broken(err)
	}
}

func (m *member) hear(said *message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case said.Ready:
		close(m.ready)
	case said.Progress != nil:
		m.progress = *said.Progress
	case said.Failed != "":
		m.failed = said.Failed
	case said.Done:
		m.done, m.part = true, said.Part
	}
}

// order writes a line to the process. One that cannot be reached has gone, and that is heard elsewhere.
func (m *member) order(what any) {
	if text, err := json.Marshal(what); err == nil {
		_, _ = m.input.Write(append(text, '\n'))
	}
}

// begin has all processes begin to warm up at the same time.
func (c *crew) begin(at time.Time) {
	for _, m := range c.members {
		m.order(order{Begin: at.UnixNano()})
	}
}

// stop has all processes end the measured part.
func (c *crew) stop() {
	for _, m := range c.members {
		m.order(order{Stop: true})
	}
}

// parts tells the processes that no node is broken any more, and returns what they found when they have given
// everything back: one for each, nil from those that were stopped before there was anything.
func (c *crew) parts() ([]*part, error) {
	for _, m := range c.members {
		_ = m.input.Close()
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	var parts []*part
	for _, m := range c.members {
		select {
		case <-m.gone:
		case <-late.C:
			return nil, fmt.Errorf("%s had not ended after %v, and was killed", m.name, patience)
		}
		if err := m.trouble(); err != nil {
			return nil, err
		}
		parts = append(parts, m.part)
	}
	return parts, nil
}

// progress returns how many cycles have ended in all processes, and what happened lately, as far as they have told.
func (c *crew) progress() (completed int64, newest lately) {
	newest.Latencies = newHistogram(2)
	for _, m := range c.members {
		m.mu.Lock()
		told := m.progress
		m.mu.Unlock()
		completed += told.Completed
		newest.First, newest.Length = max(newest.First, told.Lately.First), max(newest.Length, told.Lately.Length)
		newest.Completed += told.Lately.Completed
		newest.Failed += told.Lately.Failed
		newest.Latencies.add(told.Lately.Latencies)
	}
	return completed, newest
}

// dismiss has whoever still works give back what it holds, ends it if it does not, and returns when nobody is left.
func (c *crew) dismiss() {
	c.stop()
	for _, m := range c.members {
		_ = m.input.Close()
	}
	late := time.NewTimer(2 * drain)
	defer late.Stop()
	for _, m := range c.members {
		select {
		case <-m.gone:
			continue
		default:
		}
		select {
		case <-m.gone:
		case <-late.C:
			late.Reset(0) // for the others as well
			_ = child.Kill(m.cmd.Process)
			<-m.gone
		}
	}
	c.broken(nil)
}

// trouble says why a process that has ended did not end as it should have; nil when it did.
func (m *member) trouble() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.done:
		return nil
	case m.failed != "":
		return fmt.Errorf("%s: %s", m.name, m.failed)
	}
	lines := strings.Split(strings.TrimSpace(m.said.String()), "\n")
	return errors.New(m.name + " ended before its time (" + m.cmd.ProcessState.String() + "): " + cmp.Or(lines[len(lines)-1], "it said nothing"))
}
