package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sys/unix"
)

// raw is the limit that clients are measured against: the bytes of a quorum lock and nothing else, on one thread.
// N non-blocking sockets; one write to each, then poll and read until a majority has granted every lock of the batch,
// then the same for giving them back. Replies that come later are read and ignored. It keeps no promise that makes a
// lock a lock: no timeout, no window, no undo, no renewal, no waiting for a key that is held.
//
// For one goroutine at a time, locked to its thread.
type raw struct {
	batch    int
	need     int
	grant    string // the hash of a grant script; empty: SET NX PX
	release  string // the hash of releaseSource
	nodes    []rawNode
	polled   []unix.PollFd
	out      []byte
	owners   uint64
	proposal int64 // the fence that grants propose, in ticks of 64 µs
	phase    int   // phases begun; each is batch commands to every node
	votes    []int // of this phase, by place in the batch
	open     int   // places of this phase without a majority
}

// rawNode is one socket, and how far its replies have been read.
type rawNode struct {
	fd      int
	in      []byte // the first have bytes are unread
	have    int
	replies int  // complete replies read since the beginning
	nested  int  // elements of an array that are still to come
	usual   bool // and there are two of them
	vote    bool // the vote among them
	failed  bool
}

// errRefused: a node answered an error.
var errRefused = errors.New("raw: a node answered an error")

func rawKind(name string, batch int, fenced bool) Kind {
	notes := "one thread, N non-blocking sockets and `poll`: `SET NX PX` to all nodes, wait for a majority, `EVALSHA` compare-and-delete to all, wait for a majority"
	if fenced {
		notes = "the same, with this library's own `grants.lua` by `EVALSHA` instead of `SET NX PX`"
	}
	if batch > 1 {
		notes += fmt.Sprintf("; %d locks in each write to each node", batch)
	}
	return Kind{
		Name: name, Notes: notes + ".", Limit: true, Batch: batch,
		Open: func(ctx context.Context, site Site) (Subject, error) {
			source := ""
			if fenced {
				if source = site.Grant; source == "" {
					return nil, fmt.Errorf("%w: no text of grants.lua", errLeftOut)
				}
			}
			return openRaw(ctx, site.Addrs, batch, source)
		},
	}
}

func openRaw(ctx context.Context, addrs []string, batch int, grant string) (*raw, error) {
	r := &raw{batch: batch, need: len(addrs)/2 + 1, votes: make([]int, batch), release: redis.NewScript(releaseSource).Hash()}
	if grant != "" {
		r.grant = redis.NewScript(grant).Hash()
	}
	for _, addr := range addrs {
		if err := prepare(ctx, addr, releaseSource, grant); err != nil {
			r.Close()
			return nil, err
		}
		fd, err := connect(addr)
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("raw: connect %s: %w", addr, err)
		}
		r.nodes = append(r.nodes, rawNode{fd: fd, in: make([]byte, 64<<10)})
		r.polled = append(r.polled, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	return r, nil
}

// prepare has the node learn the scripts, and what the one for grants looks at.
func prepare(ctx context.Context, addr string, sources ...string) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	for _, source := range sources {
		if source == "" {
			continue
		}
		if err := c.ScriptLoad(ctx, source).Err(); err != nil {
			return fmt.Errorf("raw: load a script: %w", err)
		}
	}
	if err := c.Set(ctx, "quorumlock:meta", rawMeta, 0).Err(); err != nil {
		return fmt.Errorf("raw: %w", err)
	}
	return nil
}

func connect(addr string) (int, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return -1, err
	}
	if !to.Addr().Is4() {
		return -1, errors.New("not an IPv4 address")
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	unix.CloseOnExec(fd)
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Cycle takes and gives back the locks key, or key/0, key/1 … when there are several in a batch.
func (r *raw) Cycle(ctx context.Context, _ int, key string, hold func()) error {
	first := r.owners
	r.owners += uint64(r.batch)
	r.out = r.out[:0]
	r.proposal = (time.Now().UnixMicro() + 50_000) / 64
	for i := range r.batch {
		r.putGrant(key, i, first+uint64(i))
	}
	if err := r.exchange(ctx); err != nil {
		return err
	}
	if hold != nil {
		hold()
	}
	r.out = r.out[:0]
	for i := range r.batch {
		r.putRelease(key, i, first+uint64(i))
	}
	return r.exchange(ctx)
}

// Close reads the answers that are still to come, for a second at most, and closes the sockets: a node that finds its
// client gone drops what it has not obeyed yet, and would keep keys.
func (r *raw) Close() {
	for end := time.Now().Add(time.Second); r.owed() && time.Now().Before(end); {
		_, _ = unix.Poll(r.polled, 100)
		for i := range r.nodes {
			if r.read(&r.nodes[i], r.phase*r.batch) != nil {
				end = time.Now()
			}
		}
	}
	for _, n := range r.nodes {
		_ = unix.Close(n.fd)
	}
}

func (r *raw) owed() bool {
	for _, n := range r.nodes {
		if n.replies < r.phase*r.batch {
			return true
		}
	}
	return false
}

// exchange writes what is in out to every node, and returns when a majority has said yes to each command of it.
func (r *raw) exchange(ctx context.Context) error {
	first := r.phase * r.batch
	r.phase++
	r.open = r.batch
	clear(r.votes)
	for i := range r.nodes {
		if err := r.write(&r.nodes[i]); err != nil {
			return err
		}
	}
	for idle := 0; r.open > 0; {
		ready, err := unix.Poll(r.polled, 100)
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return os.NewSyscallError("poll", err)
		case ctx.Err() != nil:
			return ctx.Err()
		case ready == 0 && err == nil:
			if idle++; idle == 50 {
				return errors.New("raw: no majority within 5s")
			}
		}
		for i := range r.polled {
			if r.polled[i].Revents == 0 {
				continue
			}
			r.polled[i].Revents = 0
			if err := r.read(&r.nodes[i], first); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes out to a node. The socket's buffer takes a batch; should it not, we wait for it.
func (r *raw) write(n *rawNode) error {
	for rest := r.out; len(rest) > 0; {
		count, err := unix.Write(n.fd, rest)
		switch {
		case err == nil:
			rest = rest[count:]
		case errors.Is(err, unix.EAGAIN):
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(n.fd), Events: unix.POLLOUT}}, 100)
		case !errors.Is(err, unix.EINTR):
			return os.NewSyscallError("write", err)
		}
	}
	return nil
}

// read takes what a node has sent, and counts the votes for the commands from first on.
func (r *raw) read(n *rawNode, first int) error {
	count, err := unix.Read(n.fd, n.in[n.have:])
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return os.NewSyscallError("read", err)
	case count == 0:
		return errors.New("raw: a node closed the connection")
	}
	n.have += count
	used := 0
	for {
		yes, size, complete := n.next(n.in[used:n.have])
		if size == 0 {
			break
		}
		used += size
		if n.failed {
			return errRefused
		}
		if !complete {
			continue
		}
		if place := n.replies - first; yes && place >= 0 {
			r.votes[place]++
			if r.votes[place] == r.need {
				r.open--
			}
		}
		n.replies++
	}
	n.have = copy(n.in, n.in[used:n.have])
	return nil
}
