package demo

import (
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// History is everything that [Judge] needs to know of a run. All times are counted from its beginning, on the monotonic
// clock of the one process in which everybody lives.
type History struct {
	Nodes []string      // addresses
	Drift time.Duration // conceded to the nodes' clocks over a TTL
	Calm  []Calm        // in order: all nodes up, a minority down, all back
	Holds []Hold
	Tries []Try
	Solos []Solo

	Down   []string      // addresses of the nodes that were down during Outage: a majority
	Outage Span          // from the end of the last kill to the first start
	Back   time.Duration // when the last node was up again
	Bound  time.Duration // how soon after Back somebody must have acquired

	Seen []Sight
}

// Span is a time from From to Until, both included.
type Span struct{ From, Until time.Duration }

func (s Span) holds(t time.Duration) bool { return s.From <= t && t <= s.Until }

// Calm is a time in which no node was killed or started, and a majority was up: somebody must have acquired in it.
type Calm struct {
	Up   int // nodes
	Span Span
}

// Hold is a lease as its holder saw it.
type Hold struct {
	Who   string
	Key   string
	Fence uint64
	// Belief is the time in which the holder took the key for its own: from when Lock had returned until it called
	// Unlock, or was told that the lease is lost.
	Belief  Span
	Trusted time.Duration // until when the lease said last that it may be trusted
	Lost    bool
	Cause   error // of the end of the lease's context, when lost
}

// Try is a call of Lock that got no lease.
type Try struct {
	Who   string
	Span  Span
	Err   error
	Named []string // addresses of the nodes that Err blames
}

// Solo is a call of TryLock for a key that nobody competes for, while at most a minority of the nodes was down.
type Solo struct {
	Act  int
	Took time.Duration
	Err  error
}

// Sight is one look at one node for one key, at the end.
type Sight struct {
	Node  string
	Key   string
	Found bool
	Err   error
}

// journal writes down what happens, and tells it. Safe for concurrent use.
type journal struct {
	tell  func(Event)
	start time.Time

	mu      sync.Mutex // held while tell runs, so that events are told one at a time
	act     int        // guarded by mu
	history History    // guarded by mu until everybody has left the stage
}

func newJournal(cfg Config) *journal {
	j := &journal{tell: cfg.Tell, start: time.Now()}
	if j.tell == nil {
		j.tell = func(Event) {}
	}
	j.history.Drift = clock.DefaultDrift.Of(cfg.TTL)
	j.history.Bound = cfg.TTL + recovery
	return j
}

func (j *journal) now() time.Duration { return time.Since(j.start) }

func (j *journal) say(e Event) {
	j.note(e, func(*History) {})
}

// note tells e and writes down what goes with it.
func (j *journal) note(e Event, write func(h *History)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	write(&j.history)
	e.At = j.now()
	j.tell(e)
}

// write writes down what is not told.
func (j *journal) write(write func(h *History)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	write(&j.history)
}

// begin opens an act.
func (j *journal) begin(act, up, need int) {
	j.mu.Lock()
	j.act = act
	j.mu.Unlock()
	j.say(Event{Kind: Act, Act: act, Count: up, Need: need})
}

func (j *journal) current() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.act
}
