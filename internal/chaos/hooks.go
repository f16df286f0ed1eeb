package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/child"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// Hooks are shell commands of the user's that break a node and bring it back. They find its number, from 1, in
// REDLOCK_NODE, its address in REDLOCK_ADDR, and the two parts of that in REDLOCK_HOST and REDLOCK_PORT.
type Hooks struct{ Kill, Start string }

// hooked is a node that is broken by the user's commands. It keeps what it had written down, or not: who knows.
type hooked struct {
	hooks  Hooks
	number int    // from 1
	addr   string // host:port
}

// Kill has the node killed.
func (h *hooked) Kill(ctx context.Context) error { return h.run(ctx, "kill", h.hooks.Kill) }

// Start has it started again, and returns when it accepts connections.
func (h *hooked) Start(ctx context.Context, _ cluster.Memory) error {
	if err := h.run(ctx, "start", h.hooks.Start); err != nil {
		return err
	}
	return cluster.Listens(ctx, h.addr)
}

// Obeys refuses to promise anything about what the node remembers.
func (h *hooked) Obeys(memory cluster.Memory) error {
	if memory == cluster.Forget {
		return errors.New("nobody knows what your start command leaves a node of its memory")
	}
	return nil
}

// run runs a command, and ends it and what it has started with ctx. What it has left running when it ends by itself is the
// user's, and may go on writing: that is why its words go to a file, and not through a pipe that somebody has to read.
func (h *hooked) run(ctx context.Context, what, command string) error {
	host, port, err := net.SplitHostPort(h.addr)
	if err != nil {
		return err
	}
	said, err := os.CreateTemp("", "quorumlock-command-")
	if err != nil {
		return err
	}
	defer os.Remove(said.Name())
	defer said.Close()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	child.Bind(cmd)
	cmd.Cancel = func() error { return child.Kill(cmd.Process) }
	cmd.Env = append(os.Environ(), "REDLOCK_NODE="+strconv.Itoa(h.number), "REDLOCK_ADDR="+h.addr, "REDLOCK_HOST="+host, "REDLOCK_PORT="+port)
	cmd.Stdout, cmd.Stderr = said, said
	if err = cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		text, _ := os.ReadFile(said.Name())
		return fmt.Errorf("your %s command for node %d: %w: %s", what, h.number, err, lastLine(string(text)))
	}
	return nil
}

// lastLine is what a command said last.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return cmp.Or(lines[len(lines)-1], "it said nothing")
}

// sleep waits for d, or returns ctx's error when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
