package node

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Channels that nodes announce on; see lua/wake.lua.
const (
	waiting = Prefix + "waiting" // everybody who waits listens there, and nothing is said
	wake    = Prefix + "wake:"   // and the process: what is said to that one
	wakeAny = Prefix + "wake"    // nobody listens there: to see whether one may speak
)

const (
	// linger is for how long a connection stays after the last waiter: the next one often comes soon.
	linger = time.Second
	// look is how often a connection that says nothing is held against what the lane has met meanwhile.
	look = time.Second
	// denied is how long to wait before a server is asked again that has forbidden to listen.
	denied = 30 * time.Second
)

// Listener is told what nodes announce, from one goroutine for each node: it must not block.
type Listener interface {
	// Hears says that announcements of the node are heard from now on, or are not any more. What was announced in
	// between is lost.
	Hears(node int, does bool)
	// Free says that key is free on the node, and that this process, which was enrolled first, is not enrolled any more.
	Free(node int, key string)
	// Kept says that key is held for another left.
	Kept(node int, key string, left time.Duration)
}

// subscription is the connection on which a node announces what this process waits for. It is open while anybody
// listens, and a little longer. Safe for concurrent use.
type subscription struct {
	node *Node

	mu        sync.Mutex
	listeners int                // guarded by mu
	end       context.CancelFunc // guarded by mu; ends the newest goroutine; nil when that has been ended
	over      chan struct{}      // guarded by mu; closed when the newest goroutine has ended; nil: there was none
	idle      *time.Timer        // guarded by mu; runs since the last listener left; nil: does not run
	closed    bool               // guarded by mu
}

func (s *subscription) listen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners++
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	if s.end != nil || s.closed {
		return
	}
	ctx, cancel := context.WithCancel(s.node.life)
	before, over := s.over, make(chan struct{})
	s.end, s.over = cancel, over
	go func() {
		defer close(over)
		if before != nil {
			<-before
		}
		s.run(ctx)
	}()
}

func (s *subscription) hush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners--
	if s.listeners == 0 && !s.closed {
		s.idle = time.AfterFunc(linger, s.stop)
	}
}

// stop ends the connection unless somebody has come meanwhile.
func (s *subscription) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners == 0 && s.end != nil {
		s.end()
		s.end = nil
	}
}

// close ends the connection, and may wait for that.
func (s *subscription) close(wait bool) {
	s.mu.Lock()
	s.closed = true
	if s.idle != nil {
		s.idle.Stop()
	}
	if s.end != nil {
		s.end()
	}
	over := s.over
	s.mu.Unlock()
	if over != nil && wait {
		<-over
	}
}

// run keeps a connection open until ctx ends.
func (s *subscription) run(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		began := time.Now()
		why := s.session(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case why.Permanent:
			s.node.log().Warn("node announces nothing to us, so that waiters ask again and again", "node", s.node.addr, "error", why.Error())
			pause = denied
		case time.Since(began) > lastPause: // it has been of use
			pause = 0
		default:
			if down, _ := s.node.lane.state(); down == nil && pause == 0 {
				s.node.log().Warn("node's announcements are not heard", "node", s.node.addr, "error", why.Error())
			}
			pause = min(max(2*pause, firstPause), lastPause)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// session opens a connection, tells the listener what comes, and returns why that ended.
func (s *subscription) session(ctx context.Context) *Error {
	n := s.node
	pubsub := n.ears.Subscribe(ctx)
	defer pubsub.Close()
	bounded, cancel := context.WithTimeout(ctx, n.cfg.Timeout)
	channels := []string{waiting, wake + n.cfg.Process}
	err := pubsub.Subscribe(bounded, channels...)
	cancel()
	if err != nil {
		return explain(err, n.cfg.Timeout)
	}
	// To close is what interrupts a read; until here it was the end of the context, and to close would have had to wait.
	defer context.AfterFunc(ctx, func() { _ = pubsub.Close() })()
	// With a context that has ended, go-redis does not open another connection by itself when this one breaks: what was
	// announced in between would be lost, and nobody would know.
	ended, end := context.WithCancel(ctx)
	end()
	for range channels {
		if _, err := pubsub.ReceiveTimeout(ended, n.cfg.Timeout); err != nil {
			return explain(err, n.cfg.Timeout)
		}
	}
	falls := n.lane.falls.Load()
	n.cfg.Listener.Hears(n.index, true)
	defer n.cfg.Listener.Hears(n.index, false)
	for {
		said, err := pubsub.ReceiveTimeout(ended, look)
		switch {
		case err == nil:
			if message, ok := said.(*redis.Message); ok {
				s.tell(message.Payload)
			}
		case ctx.Err() != nil:
			return errClosed
		// Nothing was said, which is as it should be, unless the lane went down: then this connection, on which nothing is
		// ever asked, may be dead without knowing.
		case !timedOut(err) || n.lane.falls.Load() != falls:
			return explain(err, look)
		}
	}
}

// timedOut reports whether err says that nothing came in time.
func timedOut(err error) bool {
	var timer net.Error
	return errors.As(err, &timer) && timer.Timeout()
}

// tell hands an announcement on.
func (s *subscription) tell(payload string) {
	kind, rest, _ := strings.Cut(payload, " ")
	switch kind {
	case "free":
		s.node.cfg.Listener.Free(s.node.index, rest)
	case "kept":
		ttl, key, _ := strings.Cut(rest, " ")
		if ms, err := strconv.ParseInt(ttl, 10, 64); err == nil {
			s.node.cfg.Listener.Kept(s.node.index, key, time.Duration(ms)*time.Millisecond)
		}
	}
}
