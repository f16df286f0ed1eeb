// Package storage is what the clients of a chaos run guard with their locks: counters outside of the nodes, which they
// read, and write one higher. Each key has two: one takes every write, as most storages do; the other refuses whoever
// shows a smaller fence than it has seen.
package storage

import (
	"fmt"
	"net"
	"net/rpc"
	"path/filepath"
	"sync"
)

// Access is what a client asks for.
type Access struct {
	Key   string
	Fence uint64 // 0: the counter that looks at none
	Write bool
	Value uint64 // to write
}

// Answer is the counter after the access, and which access it was, counted over all.
type Answer struct {
	Value uint64
	Order uint64
	// Stale says that the access was refused: a larger fence had been shown before.
	Stale bool
}

// Storage serves the counters to processes of this machine.
type Storage struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	counters map[string]*counter
	order    uint64
	conns    map[net.Conn]struct{} // nil when closed
}

type counter struct{ value, fence uint64 }

// Open begins to serve, on a socket in dir, which stays the caller's.
func Open(dir string) (*Storage, error) {
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	s := &Storage{listener: listener, counters: map[string]*counter{}, conns: map[net.Conn]struct{}{}}
	server := rpc.NewServer()
	if err := server.RegisterName("Storage", &service{s}); err != nil {
		panic(err) // a method of service is not what rpc wants
	}
	s.serving.Go(func() { s.accept(server) })
	return s, nil
}

// Addr is what Dial wants.
func (s *Storage) Addr() string { return s.listener.Addr().String() }

// Close ends serving.
func (s *Storage) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.serving.Wait()
	return err
}

func (s *Storage) accept(server *rpc.Server) {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		closed := s.conns == nil
		if !closed {
			s.conns[conn] = struct{}{}
		}
		s.mu.Unlock()
		if closed {
			conn.Close()
			continue
		}
		s.serving.Go(func() {
			server.ServeConn(conn)
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

// access carries out one.
func (s *Storage) access(a Access) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := a.Key
	if a.Fence != 0 {
		name += " fenced"
	}
	c := s.counters[name]
	if c == nil {
		c = new(counter)
		s.counters[name] = c
	}
	s.order++
	// A read is a promise to the reader that nobody before it writes any more, so it shows its fence too.
	if a.Fence < c.fence {
		return Answer{Value: c.value, Order: s.order, Stale: true}
	}
	c.fence = a.Fence
	if a.Write {
		c.value = a.Value
	}
	return Answer{Value: c.value, Order: s.order}
}

// service is what clients can call.
type service struct{ storage *Storage }

// Access carries out one access.
func (s *service) Access(a Access, answer *Answer) error {
	*answer = s.storage.access(a)
	return nil
}

// Client is a process's way to the storage. It is safe for concurrent use.
type Client struct{ rpc *rpc.Client }

// Dial connects to the storage that has this address.
func Dial(addr string) (*Client, error) {
	c, err := rpc.Dial("unix", addr)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return &Client{c}, nil
}

// Access carries out one access. After an error nobody knows whether it was done.
func (c *Client) Access(a Access) (answer Answer, err error) {
	if err = c.rpc.Call("Storage.Access", a, &answer); err != nil {
		err = fmt.Errorf("storage: %w", err)
	}
	return answer, err
}

// Close closes the connection.
func (c *Client) Close() error { return c.rpc.Close() }
