package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/quorumlock/quorumlock/internal/child"
)

// process is a child, as its parent sees it. For one goroutine.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	replies *json.Decoder
	said    bytes.Buffer // on standard error
	ended   bool
}

// patience is how long processes may take to begin and to end, beside what they were told to do.
const patience = 30 * time.Second

// spawn starts this command again as a child, which is killed when ctx ends, and tells it the opening. It is ready when
// hear says so.
func spawn(ctx context.Context, o Opening) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, childArgument)}
	child.Bind(p.cmd)
	p.cmd.Stderr = &p.said
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.orders, p.replies = json.NewEncoder(p.in), json.NewDecoder(out)
	if err := p.orders.Encode(o); err != nil {
		return nil, errors.Join(err, p.kill())
	}
	return p, nil
}

func (p *process) tell(o Order) error {
	if err := p.orders.Encode(o); err != nil {
		return p.trouble(err)
	}
	return nil
}

func (p *process) hear() (Reply, error) {
	var r Reply
	if err := p.replies.Decode(&r); err != nil {
		return r, p.trouble(err)
	}
	return r, nil
}

// trouble ends the child, and returns why, with the child's own last words.
func (p *process) trouble(err error) error {
	return fmt.Errorf("child: %w", errors.Join(err, p.kill(), errors.New(string(bytes.TrimSpace(p.said.Bytes())))))
}

// end lets the child close its subject and end by itself.
func (p *process) end() error {
	if p.ended {
		return nil
	}
	p.ended = true
	_ = p.in.Close()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("child: %w: %s", err, bytes.TrimSpace(p.said.Bytes()))
	}
	return nil
}

// kill ends the child by SIGKILL, and returns when it is gone. What it had said before can not be heard any more.
func (p *process) kill() error {
	if p.ended {
		return nil
	}
	p.ended = true
	err := p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// shoot ends the child by SIGKILL, and returns when that was, on the shared clock, and what it had said that nobody had
// heard yet.
func (p *process) shoot(clock clock) (at time.Duration, said []Reply, err error) {
	at = clock.now()
	if err := p.cmd.Process.Kill(); err != nil {
		return at, nil, p.trouble(err)
	}
	for {
		var r Reply
		if p.replies.Decode(&r) != nil {
			return at, said, p.kill()
		}
		said = append(said, r)
	}
}

// crew is the processes of one turn.
type crew []*process

// gather starts so many processes for a turn, and returns when all are ready. key is what the names of all their keys
// begin with.
func gather(ctx context.Context, count int, o Opening) (crew, error) {
	var c crew
	key := o.Key
	for i := range count {
		o.Key = fmt.Sprintf("%s/%d", key, i)
		p, err := spawn(ctx, o)
		if err != nil {
			return nil, errors.Join(err, c.dismiss())
		}
		c = append(c, p)
	}
	for _, p := range c {
		if _, err := p.hear(); err != nil {
			return nil, errors.Join(err, c.dismiss())
		}
	}
	return c, nil
}

// end lets all processes end by themselves.
func (c crew) end() error {
	var errs []error
	for _, p := range c {
		_ = p.in.Close()
	}
	for _, p := range c {
		errs = append(errs, p.end())
	}
	return errors.Join(errs...)
}

// dismiss ends what is left of the crew at once.
func (c crew) dismiss() error {
	var errs []error
	for _, p := range c {
		errs = append(errs, p.kill())
	}
	return errors.Join(errs...)
}
