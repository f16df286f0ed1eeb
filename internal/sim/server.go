package sim

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// epoch is what node clocks show at the beginning, in µs since 1970: fences have 14 digits then, as they have in
// reality.
const epoch = 1_790_000_000_000_000

const (
	metaKey = "quorumlock:meta"
	goneKey = "quorumlock:gone"
)

// server is a node with a clock, a process that may crash, and a log of what it did, from which older states can be
// restored.
type server struct {
	w       *world
	index   int
	node    *Node
	clock   dial
	life    int // of the process; a connection does not outlive it
	run     string
	history string // replication id
	former  string
	started int64 // µs of its clock
	flushed bool  // its statistics tell of keys that were dropped, by who asked for that
	evicted int   // and of so many that were when memory was short
	replica bool  // of an older copy of its own
	copies  int   // so many of these were promoted
	seen    bool  // a client has looked at this process
	down    bool
	paused  int
	backlog []arrival
	undo    []change
	setBack time.Duration // when its clock was set back last, in real time; 0: never
	nudged  time.Duration // when it was set forward a little
	lost    time.Duration // when it lost memory last

	// Owners whose keys it forgot while they were there, and until when that may matter to a lease.
	held map[string]time.Duration

	evicts bool // it may drop keys when memory is short
	r      *rand.Rand
}

// change is what stood under a key before it changed.
type change struct {
	at  time.Duration
	key string
	old value
	had bool
}

// arrival is a request that a server has been sent.
type arrival struct {
	c     *conn
	r     *request
	again bool // by something in between: nobody waits for the reply
}

func newServer(w *world, index int) *server {
	r := fork(w.cfg.Seed, "node clock "+strconv.Itoa(index))
	s := &server{w: w, index: index, held: make(map[string]time.Duration), r: r,
		evicts: index >= w.cfg.Nodes-w.cfg.Evicting}
	offset := float64(w.cfg.quarantine()) / 8 // A6
	if w.cfg.Beyond {
		offset = float64(time.Minute)
	}
	s.clock = dial{rate: 1 + (2*r.Float64()-1)*w.cfg.Apart, wall: time.Duration((2*r.Float64() - 1) * offset)}
	s.node = NewNode(s.time, metaKey, goneKey)
	s.node.faults = w.cfg.Mutant
	s.node.log = func(key string, old value, had bool) {
		s.undo = append(s.undo, change{w.now, key, old, had})
	}
	s.begin()
	return s
}

// time is the server's clock in µs.
func (s *server) time() int64 {
	now := s.clock.at(s.w.now)
	return epoch + (now.Mono() + now.Lead()).Microseconds()
}

// begin is a new process.
func (s *server) begin() {
	s.life++
	s.former = "0"
	s.run = "run" + strconv.Itoa(s.index) + "." + strconv.Itoa(s.life)
	s.history = "repl" + strconv.Itoa(s.index) + "." + strconv.Itoa(s.life)
	s.started, s.flushed, s.evicted = s.time(), false, 0
	s.replica, s.copies = false, 0
	s.backlog, s.paused = nil, 0
	s.down, s.seen = false, false
}

// remember notes whose keys are about to be forgotten.
func (s *server) remember() {
	now := s.time()
	for _, k := range s.w.locks {
		if v, there := s.node.look(k.key, now); there {
			s.held[v.text] = s.w.now + s.w.cfg.TTL
		}
	}
	s.lost = s.w.now
}

// rewind restores what the server knew at a time.
func (s *server) rewind(to time.Duration) {
	s.remember()
	i := len(s.undo)
	for ; i > 0 && s.undo[i-1].at >= to; i-- {
		c := s.undo[i-1]
		if c.had {
			s.node.values[c.key] = c.old
		} else {
			delete(s.node.values, c.key)
		}
	}
	s.undo = s.undo[:i]
}

// evict drops about half of its keys that have a TTL, of those that the world knows of.
func (s *server) evict() {
	s.remember()
	drop := func(key string) {
		if old, there := s.node.values[key]; there && s.r.IntN(2) == 0 {
			s.node.note(key, old, true)
			delete(s.node.values, key)
			s.evicted++
		}
	}
	for _, k := range s.w.locks {
		drop(k.key)
		drop(k.counter)
	}
	drop(goneKey)
}

// prune drops the part of the log that no fault goes back to.
func (s *server) prune() {
	if len(s.undo) < 4096 {
		return
	}
	old := 0
	for old < len(s.undo) && s.undo[old].at < s.w.now-6*s.w.cfg.TTL {
		old++
	}
	s.undo = append(s.undo[:0], s.undo[old:]...)
}

// arrive takes a request from the network.
func (s *server) arrive(a arrival) {
	switch {
	case s.down && a.again:
	case s.down, !a.again && a.c.life != 0 && a.c.life != s.life:
		s.w.back(a.c, a.r, response{reset: true})
	case a.r.kind == connect:
		a.c.life = s.life // by the operating system, also while the server hangs
		s.w.back(a.c, a.r, response{})
	case s.paused > 0:
		s.backlog = append(s.backlog, a)
	default:
		s.serve(a)
	}
}

// resume carries the backlog out.
func (s *server) resume() {
	if s.paused--; s.paused > 0 {
		return
	}
	s.paused = 0
	backlog := s.backlog
	s.backlog = nil
	for _, a := range backlog {
		s.serve(a)
	}
}

func (s *server) serve(a arrival) {
	var reply response
	switch a.r.kind {
	case info, infoAgain:
		reply.survey = s.survey()
	case boot:
		if reply.readOnly = s.replica; s.replica {
			break
		}
		s.seen = s.seen || !a.again
		reply.code, reply.meta, reply.clock = s.node.Boot(*a.r.boot)
		if s.w.telling() {
			s.w.tell(s.name(), "", "is looked at by %s: %s", a.c.l.p.name(), looks(reply))
		}
	case lift:
		if reply.readOnly = s.replica; s.replica {
			break
		}
		if kept, _ := s.node.Get(metaKey); kept == a.r.meta && a.r.declared && s.lost > a.c.l.p.born && !s.w.cfg.Mutant.believes() {
			// Memory was lost between a declaration and the look: nothing is promised then. It never arrives.
			a.c.broken = true
			return
		}
		reply.code, reply.meta = s.node.Lift(a.r.meta)
		if s.w.telling() {
			s.w.tell(s.name(), "", "is told by %s that nothing can be outstanding: %s", a.c.l.p.name(), lifts(reply))
		}
	case batch:
		s.w.order(a)
		s.prune()
		if a.r.told {
			reply.survey = s.survey()
		}
		if reply.readOnly = s.replica; !s.replica {
			reply.clock, reply.results = s.carryOut(a)
		}
	}
	if !a.again {
		s.w.back(a.c, a.r, reply)
	}
}

// survey is what INFO tells.
func (s *server) survey() *survey {
	return &survey{run: s.run, history: s.history + "/" + strconv.Itoa(s.evicted), former: s.former, replica: s.replica,
		forgot: s.flushed || s.evicted > 0, mayEvict: s.evicts,
		uptime: time.Duration((s.time()-s.started)/1_000_000) * time.Second}
}

// demote makes the server a replica of a copy of its own as it was at a time.
func (s *server) demote(to time.Duration) {
	s.rewind(to)
	s.replica, s.flushed = true, true
}

// promote makes it a master again: the same process, with the same connections, and another history.
func (s *server) promote() {
	s.copies++
	s.former, s.seen = s.history, false
	s.history = "repl" + strconv.Itoa(s.index) + "." + strconv.Itoa(s.life) + "." + strconv.Itoa(s.copies)
	s.replica = false
}

// carryOut has the node carry a batch out, command by command, so that the checkers see what each did. The deadline and
// the meta key are looked at once for all of them in a script, and here as well, because no time goes by.
func (s *server) carryOut(a arrival) (clock int64, results []Result) {
	clock = s.time()
	results = make([]Result, 0, len(a.r.commands))
	for i := range a.r.commands {
		c := &a.r.commands[i]
		s.w.beforeCommand(s, c)
		_, results = s.node.Batch(a.r.meta, a.r.deadline, a.r.grace, a.r.script[i:i+1], results)
		if s.node.faults == ClientExpiry && c.Op == OpGrant && results[i].Code == 1 {
			s.expireAt(c.Key, c.expires)
		}
		s.w.afterCommand(s, c, results[i], a)
	}
	return clock, results
}

// expireAt is PEXPIREAT: a time that has passed deletes the key.
func (s *server) expireAt(key string, at int64) {
	v := s.node.values[key]
	v.expires = at
	s.node.values[key] = v
}
