package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// embeddedNode is a miniredis inside this process. Before each command it passes a gate, which is how it hangs
// and how it dies: no relay, and no copy of the data, stands between it and its clients.
type embeddedNode struct {
	addr    string
	persist Persist
	redis   *miniredis.Miniredis // nil before the first start

	mu      sync.Mutex    // guards the fields below
	gate    chan struct{} // closed to let commands through; nil when there is no gate
	killed  bool          // commands that come, or wait at the gate, are lost
	runID   string
	started time.Time
	events  []string
}

func embeddedFactory(spec Spec) factory {
	return factory{
		make: func(port int) (backend, error) {
			return &embeddedNode{addr: localAddr(port), persist: spec.Persist}, nil
		},
		close: func() error { return nil },
	}
}

func (e *embeddedNode) start(_ context.Context, mem Memory) error {
	if e.redis == nil || mem == Forget || e.persist == PersistNo {
		e.redis = miniredis.NewMiniRedis()
		// By itself miniredis never lets a key expire. With ClockTTL it looks at the clock before every
		// command, so that PX means what it says, also over the time when the node was dead.
		e.redis.ClockTTL(true)
	}
	// Close ended the context of blocking commands, and nothing but us renews it.
	e.redis.Ctx, e.redis.CtxCancel = context.WithCancel(context.Background())
	e.mu.Lock()
	e.killed, e.gate = false, nil
	e.runID, e.started = newRunID(), time.Now()
	e.mu.Unlock()

	if err := e.redis.StartAddr(e.addr); err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%w: %w", errPortTaken, err)
		}
		return err
	}
	// miniredis takes a hook only once it listens. A command that comes first just meets no gate.
	e.redis.Server().SetPreHook(e.beforeCommand)
	e.note("started, keeping its memory: %v", mem)
	return nil
}

// beforeCommand is miniredis's hook: true means that the command has been dealt with.
func (e *embeddedNode) beforeCommand(c *server.Peer, cmd string, args ...string) bool {
	e.mu.Lock()
	gate := e.gate
	e.mu.Unlock()
	if gate != nil {
		<-gate
	}
	e.mu.Lock()
	killed := e.killed
	e.mu.Unlock()
	if killed {
		c.Close()
		return true
	}
	return e.answer(c, cmd, args)
}

func (e *embeddedNode) pause(context.Context) error {
	e.mu.Lock()
	e.gate = make(chan struct{})
	e.mu.Unlock()
	e.note("paused")
	return nil
}

func (e *embeddedNode) resume(context.Context) error {
	e.open(false)
	e.note("resumed")
	return nil
}

// open lets those who wait at the gate go on: to be executed, or to be lost when the node is killed.
func (e *embeddedNode) open(killed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.killed = killed
	if e.gate != nil {
		close(e.gate)
		e.gate = nil
	}
}

func (e *embeddedNode) kill(context.Context) error {
	if e.redis == nil {
		return nil
	}
	e.open(true)
	e.redis.Close()
	e.note("killed")
	return e.forgetScripts()
}

// forgetScripts empties the script cache of a dead node: no Redis persists it, miniredis would keep it, and callers of
// EVALSHA have to meet NOSCRIPT after a restart. Dial talks to a closed miniredis without any listener.
func (e *embeddedNode) forgetScripts() error {
	conn, err := e.redis.Dial()
	if err != nil {
		return err
	}
	defer e.redis.Close()
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, "*2\r\n$6\r\nSCRIPT\r\n$5\r\nFLUSH\r\n"); err != nil {
		return err
	}
	if reply, err := bufio.NewReader(conn).ReadString('\n'); err != nil || reply != "+OK\r\n" {
		return fmt.Errorf("SCRIPT FLUSH answered %q: %w", reply, err)
	}
	return nil
}

func (e *embeddedNode) log(context.Context) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.events, ""), nil
}

func (e *embeddedNode) note(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, time.Now().Format("2006-01-02T15:04:05.000Z07:00")+" "+fmt.Sprintf(format, args...)+"\n")
}

func (e *embeddedNode) remove() error {
	if e.redis == nil {
		return nil
	}
	e.open(true)
	e.redis.Close()
	return nil
}
