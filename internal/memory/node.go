// Package memory is Redis masters in this process for the tests of the library: they work inside a testing/synctest
// bubble, where time is fake and goroutines that are left over are found, and they have faults on demand.
//
// A node is a miniredis behind connections that are pipes. It keeps what real servers do to their clients: a hung one
// carries out its backlog when it goes on, also that of clients who have gone; a restarted one has a new run id and
// another script cache; and its clock may be another than ours.
package memory

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// Fault is what is wrong with a node.
type Fault int

const (
	Healthy Fault = iota
	Dead          // connections are cut, and new ones are refused; Restart makes it another process
	Hung          // commands wait in a backlog, and nothing comes back
	Mute          // commands are carried out, and the replies are lost
)

// String returns the fault's name in lower case.
func (f Fault) String() string {
	return [...]string{"healthy", "dead", "hung", "mute"}[f]
}

// Node is one Redis master. It is safe for concurrent use, and lives until Close, or the end of its test.
type Node struct {
	*miniredis.Miniredis
	Name string // host:port, for redis.Options.Addr

	mu      sync.Mutex
	fault   Fault              // guarded by mu
	on      chan struct{}      // guarded by mu; closed when a node that hangs goes on; nil when it does not hang
	conns   map[*conn]struct{} // guarded by mu
	delay   time.Duration      // guarded by mu; of everything that is sent, each way
	dialing time.Duration      // guarded by mu; how long a connection takes to open
	ahead   time.Duration      // guarded by mu; of the node's clock over the bubble's
	runs    int                // guarded by mu; how often it has been started
	since   time.Time          // guarded by mu; when it was started last
	settled bool               // guarded by mu; it tells that it has dropped nothing since
	old     map[string]entry   // guarded by mu; what Save kept

	carriers sync.WaitGroup // of the connections
}

// entry is one key's value and for how long it stays; 0: for ever.
type entry struct {
	value string
	left  time.Duration
}

// New returns a node that is called name.
func New(name string) *Node {
	n := &Node{Miniredis: miniredis.NewMiniRedis(), Name: name, conns: make(map[*conn]struct{}), runs: 1, since: time.Now()}
	n.ClockTTL(true)
	// miniredis takes a hook only once it serves a connection.
	if first, err := n.Dial(); err == nil {
		_ = first.Close()
	}
	n.Server().SetPreHook(n.Answer)
	return n
}

// Close ends the node and all its connections, and waits for them. What hangs is not carried out any more.
func (n *Node) Close() {
	n.Set(Dead)
	n.Miniredis.Close()
	n.carriers.Wait()
}

// Settle makes the node one that has been up for as long as age already, and tells that it has dropped nothing, until it
// restarts or is told to flush: it is known to have forgotten no vote.
func (n *Node) Settle(age time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.since, n.settled = time.Now().Add(-age), true
}

// Set gives the node a fault instead of the one that it has. A node that dies loses its connections and their
// backlog; one that hung carries its backlog out as soon as it does not any more.
func (n *Node) Set(f Fault) {
	n.mu.Lock()
	n.fault = f
	if f == Dead {
		for c := range n.conns {
			c.cut()
		}
	}
	switch {
	case f == Hung && n.on == nil:
		n.on = make(chan struct{})
	case f != Hung && n.on != nil:
		close(n.on)
		n.on = nil
	}
	n.mu.Unlock()
}

// Fault returns what is wrong with the node now.
func (n *Node) Fault() Fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fault
}

// Sound reports whether nothing is wrong with the node, and it has not been restarted since it was settled.
func (n *Node) Sound() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fault == Healthy && n.delay == 0 && n.settled
}

// Slow delays everything that goes to the node and comes from it, and the opening of connections.
func (n *Node) Slow(delay, dialing time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay, n.dialing = delay, dialing
}

// Reset cuts all connections, and what is on its way on them is lost.
func (n *Node) Reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		c.cut()
	}
}

// Ahead sets the node's clock to be that far ahead of the bubble's. A clock that is set forward by that has its keys
// expire early, as a real server's does.
func (n *Node) Ahead(d time.Duration) {
	n.mu.Lock()
	step := d - n.ahead
	n.ahead = d
	n.mu.Unlock()
	if step > 0 {
		n.FastForward(step)
	}
}

// Restart makes the node another process, which remembers what the old one did, or nothing.
func (n *Node) Restart(forget bool) {
	n.Reset()
	if forget {
		n.FlushAll()
	}
	n.forgetScripts()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.runs++
	n.since = time.Now()
	n.settled = false
}

// Save keeps what the node remembers now, for Restore.
func (n *Node) Save() {
	old := make(map[string]entry)
	for _, key := range n.Keys() {
		if value, err := n.Get(key); err == nil {
			old[key] = entry{value: value, left: n.TTL(key)}
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.old = old
}

// Restore makes the node another process, which remembers what Save kept, and nothing else, as if no time had gone by.
func (n *Node) Restore() {
	n.Restart(true)
	n.mu.Lock()
	old := n.old
	n.mu.Unlock()
	for key, e := range old {
		_ = n.Miniredis.Set(key, e.value)
		if e.left > 0 {
			n.SetTTL(key, e.left)
		}
	}
}

// Connect opens a connection, whatever the address: it is a redis.Options.Dialer.
func (n *Node) Connect(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	dialing := n.dialing
	n.mu.Unlock()
	if dialing > 0 {
		timer := time.NewTimer(dialing)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	if n.Fault() == Dead {
		return nil, refused
	}
	below, err := n.Dial()
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fault == Dead {
		_ = below.Close()
		return nil, refused
	}
	c := newConn(below, n)
	n.conns[c] = struct{}{}
	return c, nil
}

// gate returns what a command has to wait for before it is carried out, nil: nothing, and how long it travels.
func (n *Node) gate() (on <-chan struct{}, delay time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.on, n.delay
}

func (n *Node) forget(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

// Answer replies to what miniredis does not know, or knows otherwise: INFO with what a client may look at, and TIME.
func (n *Node) Answer(c *server.Peer, cmd string, _ ...string) bool {
	n.mu.Lock()
	if cmd == "FLUSHALL" || cmd == "FLUSHDB" {
		n.settled = false
	}
	ahead, runs, since, settled := n.ahead, n.runs, n.since, n.settled
	n.mu.Unlock()
	switch cmd {
	case "INFO":
		info := fmt.Sprintf("redis_version:7.0.15\r\nrun_id:%s/%d\r\nuptime_in_seconds:%d\r\nrole:master\r\n"+
			"maxmemory:0\r\nmaxmemory_policy:noeviction\r\n", n.Name, runs, int(time.Since(since).Seconds()))
		if settled {
			info += "evicted_keys:0\r\ncmdstat_info:calls=1\r\n"
		}
		c.WriteBulk(info)
	case "TIME":
		shown := time.Now().Add(ahead)
		c.WriteLen(2)
		c.WriteBulk(fmt.Sprint(shown.Unix()))
		c.WriteBulk(fmt.Sprint(shown.Nanosecond() / 1000))
	default:
		return false
	}
	return true
}

// forgetScripts empties the script cache, which no Redis keeps over a restart.
func (n *Node) forgetScripts() {
	below, err := n.Dial()
	if err != nil {
		return
	}
	defer below.Close()
	if _, err := io.WriteString(below, "*2\r\n$6\r\nSCRIPT\r\n$5\r\nFLUSH\r\n"); err != nil {
		return
	}
	_, _ = bufio.NewReader(below).ReadString('\n') // a node with miniredis's SetError answers that instead
}
