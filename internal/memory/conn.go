package memory

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// conn is a client's connection to a node. Two goroutines carry what is sent: unlike on the pipe below, the client does
// not wait for the server to read, nor the server for the client.
type conn struct {
	net.Conn // the pipe to the server
	node     *Node
	out, in  *stream
	gone     chan struct{} // closed when the connection has been cut
	once     sync.Once

	rest     []byte // of what was read from in; the reader's own
	mu       sync.Mutex
	deadline time.Time // guarded by mu; of reads
}

func newConn(below net.Conn, node *Node) *conn {
	c := &conn{Conn: below, node: node, out: newStream(), in: newStream(), gone: make(chan struct{})}
	node.carriers.Go(c.carryOut)
	node.carriers.Go(c.carryIn)
	return c
}

// carryOut takes to the server what the client has written, also after the client has closed: a server that hangs finds
// it in its backlog.
func (c *conn) carryOut() {
	defer c.node.forget(c)
	defer c.Conn.Close()
	for {
		p, err := c.out.take(nil)
		if err != nil || !c.travel() {
			return
		}
		if _, err := c.Conn.Write(p); err != nil {
			return
		}
	}
}

// travel waits until what is sent arrives and is looked at, and returns false if it never is.
func (c *conn) travel() bool {
	if _, delay := c.node.gate(); delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.gone:
		}
	}
	for {
		on, _ := c.node.gate()
		if on == nil {
			break
		}
		select {
		case <-on:
		case <-c.gone:
		}
		select {
		case <-c.gone:
			return false
		default:
		}
	}
	select {
	case <-c.gone:
		return false
	default:
		return true
	}
}

// carryIn takes to the client what the server replies. It always reads on: a server that publishes waits until everybody
// has read, and does nothing else meanwhile.
func (c *conn) carryIn() {
	defer c.in.end(io.EOF)
	for {
		p := make([]byte, 4096)
		n, err := c.Conn.Read(p)
		if c.node.Fault() != Mute {
			_, delay := c.node.gate()
			c.in.put(p[:n], delay)
		}
		if err != nil {
			return
		}
	}
}

// cut ends the connection at once, and loses what is on its way.
func (c *conn) cut() {
	c.once.Do(func() {
		close(c.gone)
		c.out.drop(io.ErrClosedPipe)
		c.in.drop(io.EOF)
		_ = c.Conn.Close()
	})
}

// Over reports whether nothing more can come from the server: what a look into a socket tells of one that has gone.
func (c *conn) Over() bool {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.over != nil && len(c.in.chunks) == 0
}

// Close ends the client's side. What it has written still arrives.
func (c *conn) Close() error {
	c.in.drop(net.ErrClosed)
	c.out.end(io.ErrClosedPipe)
	return nil
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.out.put(append([]byte(nil), p...), 0); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	deadline := c.deadline
	c.mu.Unlock()
	var late <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		late = timer.C
	}
	if len(c.rest) == 0 {
		more, err := c.in.take(late)
		if err != nil {
			return 0, err
		}
		c.rest = more
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return nil
}

func (c *conn) SetWriteDeadline(time.Time) error { return nil } // a write never waits

// stream is bytes on their way in one direction, of any number. One goroutine takes from it.
type stream struct {
	more chan struct{} // capacity 1: something has changed

	mu     sync.Mutex
	chunks []chunk // guarded by mu
	over   error   // guarded by mu; why nothing is put in any more, nil: it is
}

// chunk is some bytes, and when they arrive.
type chunk struct {
	bytes []byte
	at    time.Time
}

func newStream() *stream { return &stream{more: make(chan struct{}, 1)} }

// put sends p on its way, which takes that long. Nothing arrives before what was sent before it.
func (s *stream) put(p []byte, travels time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return s.over
	}
	if len(p) > 0 {
		at := time.Now().Add(travels)
		if last := len(s.chunks) - 1; last >= 0 && s.chunks[last].at.After(at) {
			at = s.chunks[last].at
		}
		s.chunks = append(s.chunks, chunk{bytes: p, at: at})
		s.stir()
	}
	return nil
}

// end lets nothing more in; what is there can still be taken.
func (s *stream) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil {
		s.over = why
	}
	s.stir()
}

// drop ends the stream, and forgets what is there.
func (s *stream) drop(why error) {
	s.mu.Lock()
	s.chunks = nil
	s.mu.Unlock()
	s.end(why)
}

func (s *stream) stir() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// take waits for the next bytes, or for the end, or until it is late.
func (s *stream) take(late <-chan time.Time) ([]byte, error) {
	for {
		p, travels, over := s.arrived()
		if p != nil || over != nil {
			return p, over
		}
		var there <-chan time.Time
		if travels > 0 {
			there = time.After(travels)
		}
		select {
		case <-s.more:
		case <-there:
		case <-late:
			return nil, os.ErrDeadlineExceeded
		}
	}
}

// arrived takes out the first bytes if they are there; else it says how long they still travel, or that nothing comes.
func (s *stream) arrived() (p []byte, travels time.Duration, over error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.chunks) == 0 {
		return nil, 0, s.over
	}
	if travels = time.Until(s.chunks[0].at); travels > 0 {
		return nil, travels, nil
	}
	p = s.chunks[0].bytes
	s.chunks = s.chunks[1:]
	return p, 0, nil
}
