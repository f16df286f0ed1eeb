package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// Config says what a run is about. Together with the faults it determines the run. [Draw] makes one up.
type Config struct {
	Seed    uint64
	Nodes   int
	Clients int // processes
	Workers int // callers in each process
	Keys    int

	TTL     time.Duration
	Longest time.Duration // Config.MaxTTL of the library
	Budget  time.Duration // of a round, and of an exchange with a node
	Guard   time.Duration
	MaxHold time.Duration
	Drift   clock.Drift
	Apart   float64 // by how much a clock runs fast or slow at most
	Renew   bool
	Delay   time.Duration // of most messages, one way, at most

	Fresh    bool // nothing can be outstanding when the run begins
	Dialed   bool // the library's own clients, which bound each request, and not a caller's, bounded exchange by exchange
	Evicting int  // so many nodes, less than half of them, may drop keys when memory is short

	Durable bool // a node that restarts remembers everything
	Skewed  bool // the last process has a list of fewer nodes, or a longer TTL than the nodes allow
	Quiet   bool // a minority of nodes is faulty, nobody contends, and nothing else is wrong (I9)
	Beyond  bool // clocks break the assumptions A1 and A2: fences must hold nevertheless

	HandsOver bool // leases are handed on within a process

	Crowded bool // many processes, or many callers in each

	Blind bool // nobody heeds clocks that step, so that exclusion is lost often; for runs beyond the assumptions

	Horizon time.Duration // length of the run
	Pace    time.Duration // between two faults, on average
	Mutant  Mutant        // what is broken on purpose
}

// apart is by how much clocks run fast or slow at most where the assumptions hold: two of them differ by 0.8 % then, less
// than the drift rate (A1).
const apart = 0.004

// Draw makes up the run of a seed.
func Draw(seed uint64) Config {
	r := fork(seed, "config")
	cfg := Config{
		Seed:    seed,
		Nodes:   []int{1, 3, 3, 3, 5, 5, 5, 7}[r.IntN(8)],
		Clients: 2 + r.IntN(3),
		Workers: 1 + r.IntN(3),
		Keys:    1 + r.IntN(3),
		TTL:     time.Duration(1000+r.IntN(2000)) * time.Millisecond,
		Budget:  time.Duration(50+r.IntN(200)) * time.Millisecond,
		Drift:   clock.DefaultDrift,
		Apart:   apart,
		Renew:   r.IntN(4) > 0,
		Horizon: time.Minute,
		Pace:    time.Duration(300+r.IntN(1500)) * time.Millisecond,
	}
	if r.IntN(4) == 0 {
		cfg.Budget = cfg.TTL / 3 // more than a renewal waits for, so that answers to an older one come
	}
	// So short that a connection, the look at the server and a round fit into the budget.
	cfg.Delay = min(cfg.Budget, 250*time.Millisecond) / time.Duration(20+r.IntN(60))
	cfg.Longest = cfg.TTL + time.Duration(r.IntN(2))*cfg.TTL/2
	// As the library has it, or none at all, which is the harder case.
	if r.IntN(2) == 0 {
		cfg.Guard = cfg.TTL / 20
	}
	if r.IntN(8) == 0 {
		cfg.MaxHold = 2 * cfg.TTL
	}
	cfg.Fresh = r.IntN(6) == 0
	cfg.Durable = r.IntN(6) == 0
	switch r.IntN(12) {
	case 0:
		cfg.Skewed, cfg.Fresh = cfg.Nodes > 1, false
	case 1:
		cfg.Quiet = true
		cfg.Keys = cfg.Clients
		cfg.Workers = 1
	case 2, 3:
		cfg.Beyond = true
		// Steps of the nodes' clocks do the harm in half of these runs (A2), and rates in the others (A1): little more
		// than the drift goes unnoticed, and far more does not.
		if r.IntN(2) == 0 {
			cfg.Apart = 0.01 + 0.09*r.Float64()*r.Float64()
		}
		cfg.Blind = r.IntN(2) == 0
	case 4:
		cfg.Evicting = r.IntN(cfg.Nodes/2 + 1)
	case 5:
		cfg.crowd(r)
	}
	cfg.Dialed = r.IntN(2) == 0
	cfg.HandsOver = fork(seed, "cohort").IntN(3) == 0
	return cfg
}

// crowd makes it a run of many: up to 12 processes, or up to 24 callers in three.
func (c *Config) crowd(r *rand.Rand) {
	c.Crowded = true
	c.Keys = 4 + r.IntN(5)
	if r.IntN(2) == 0 {
		c.Clients, c.Workers = 8+r.IntN(5), 1
	} else {
		c.Clients, c.Workers = 3, 6+r.IntN(3)
	}
}

// quarantine is for how long a node that may have forgotten votes does not vote: Policy.Quarantine of internal/node.
func (c *Config) quarantine() time.Duration {
	return time.Duration(float64(c.Longest)*c.stretch()) + 10*time.Millisecond
}

func (c *Config) stretch() float64 { return 1 + c.Drift.Rate }

// forgetful reports whether nodes may lose what they know. Members and clocks that break the assumptions go without it:
// nothing is promised when both come together.
func (c *Config) forgetful() bool { return !c.Skewed && !c.Beyond && !c.Quiet }

// settled is how long after the last fault everything must be as if there had been none: late messages have come,
// nodes that forgot have looked twice as long as they must, and clocks that were set back have caught up.
func (c *Config) settled() time.Duration {
	return 3*c.quarantine() + 3*c.TTL
}

// calm is when the last fault ends.
func (c *Config) calm() time.Duration {
	return c.Horizon - c.settled() - c.patience() - c.ending()
}

// patience is within which time somebody who waits must get a key that is free (I8): the TTL and some rounds, of which
// a few may be split between contenders.
func (c *Config) patience() time.Duration {
	return c.TTL + c.TTL/2 + 10*(c.Budget+maxPause)
}

// ending is how long before the end nobody locks any more, so that nothing may be left (I10).
func (c *Config) ending() time.Duration { return 4*c.Budget + 20*c.Delay + 100*time.Millisecond }

// fork returns a stream of random numbers of its own for a part of the world, so that a new draw in one part shifts no
// other.
func fork(seed uint64, part string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(part))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
