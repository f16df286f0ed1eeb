package sim

import (
	"math/rand/v2"
	"time"
)

// requestKind is what a request asks the server for.
type requestKind uint8

const (
	connect   requestKind = iota // open a connection
	info                         // INFO
	boot                         // boot.lua
	infoAgain                    // INFO, behind boot.lua
	lift                         // lift.lua
	batch                        // batch.lua, or a script for a command alone
)

// request goes from a lane to a server.
type request struct {
	x        *exchange
	number   int // of the exchange's requests
	kind     requestKind
	boot     *BootArgs
	declared bool   // lift is told that the node is new by who has not looked at it before
	told     bool   // a look at the server goes along
	meta     string // what the meta key is expected to say
	deadline int64
	grace    int64
	commands []command
	script   []Command // the same, as the node takes them
}

// response is what comes back.
type response struct {
	reset    bool // the connection is broken
	readOnly bool // refused, by a replica
	survey   *survey
	code     int
	meta     string
	clock    int64
	results  []Result
}

// survey is what INFO tells.
type survey struct {
	run, history, former string
	uptime               time.Duration
	replica              bool
	forgot               bool // keys were dropped since it started
	mayEvict             bool
}

// conn is one connection of a lane. Each way it keeps the order of its messages; two connections do not.
type conn struct {
	l       *lane
	serial  int // a larger one was opened later
	life    int // of the server process at the other end
	out, in time.Duration
	broken  bool // nothing gets through any more
}

// link is what is wrong between a process and a node: how many faults of each kind hold.
type link struct {
	out, in, lossy, slow, double int
	parked                       []func() // what will be sent again when the link is whole
	newest                       int      // connection from which a batch has arrived
	r                            *rand.Rand
	looks                        *rand.Rand // for what looks at the server, so that it shifts nothing else
}

// delay draws how long a message takes one way.
func (k *link) delay(cfg *Config) time.Duration {
	d := time.Duration(1 + k.r.Int64N(int64(cfg.Delay)))
	if k.slow > 0 && k.r.IntN(2) == 0 {
		d += time.Duration(k.r.Float64() * k.r.Float64() * 3 * float64(cfg.TTL))
	}
	return d
}

// forth sends a request to the server.
func (w *world) forth(c *conn, r *request) {
	k := &w.links[c.l.p.slot][c.l.index]
	s := w.servers[c.l.index]
	d := k.delay(&w.cfg)
	lossy := k.lossy > 0 && k.r.IntN(3) == 0
	switch {
	case c.broken:
		return
	case lossy && k.r.IntN(2) == 0:
		c.broken = true
		return
	case lossy: // the client hears of it, and what it has sent goes on, as through a proxy
		c.broken = true
		w.hear(c, r.x)
		w.push(max(c.out, w.now+d+time.Duration(k.r.Float64()*float64(w.cfg.Budget))), func() { s.arrive(arrival{c, r, false}) })
		return
	}
	deliver := func(d time.Duration) {
		c.out = max(c.out, w.now+d)
		w.push(c.out, func() { s.arrive(arrival{c, r, false}) })
	}
	switch {
	case k.out > 0 && k.r.IntN(2) == 0:
		// The operating system goes on sending, also after the client has given the connection up.
		k.parked = append(k.parked, func() { deliver(d) })
	case k.out > 0:
		c.broken = true
	default:
		deliver(d)
		draws := k.r
		if r.kind != batch {
			draws = k.looks
		}
		if k.double > 0 && r.kind != connect && draws.IntN(2) == 0 {
			again := c.out + time.Duration(draws.Float64()*draws.Float64()*2*float64(w.cfg.TTL))
			w.report.Doubled++
			w.push(again, func() { s.arrive(arrival{c, r, true}) })
		}
	}
}

// hear has the client hear that the connection by which it waits for answers is broken.
func (w *world) hear(c *conn, x *exchange) {
	l := c.l
	w.push(w.now+w.links[l.p.slot][l.index].delay(&w.cfg), func() {
		l.p.deliver(func() {
			if l.x == x && l.conn == c {
				l.broken(x, connectionLost)
			}
		})
	})
}

// order notes a batch that was overtaken by one of a newer connection.
func (w *world) order(a arrival) {
	k := &w.links[a.c.l.p.slot][a.c.l.index]
	if a.c.serial < k.newest {
		w.report.Reordered++
	}
	k.newest = max(k.newest, a.c.serial)
}

// back sends a response to the process.
func (w *world) back(c *conn, r *request, reply response) {
	k := &w.links[c.l.p.slot][c.l.index]
	d := k.delay(&w.cfg)
	if k.lossy > 0 && k.r.IntN(3) == 0 || k.in > 0 {
		c.broken = true
	}
	if c.broken {
		return
	}
	c.in = max(c.in, w.now+d)
	l := c.l
	w.push(c.in, func() { l.p.deliver(func() { l.receive(c, r, reply) }) })
}

// mend ends a fault of a link, and sends what was parked.
func (k *link) mend() {
	if k.out > 0 {
		return
	}
	parked := k.parked
	k.parked = nil
	for _, send := range parked {
		send()
	}
}
