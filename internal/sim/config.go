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
	Renew   bool
	Delay   time.Duration // of most messages, one way, at most

	Fresh   bool // nothing can be outstanding when the run begins
	Durable bool // a node that restarts remembers everything
	Skewed  bool // the last process has a list of fewer nodes, or a longer TTL than the nodes allow
	Quiet   bool // a minority of nodes is faulty, nobody contends, and nothing else is wrong (I9)
	Beyond  bool // clocks break the assumptions A1 and A2: fences must hold nevertheless

	Horizon time.Duration // length of the run
	Pace    time.Duration // between two faults, on average
	Mutant  Mutant        // what is broken on purpose
}

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
	}
	return cfg
}

// quarantine is for how long a node that may have forgotten votes does not vote: Policy.Quarantine of internal/node.
func (c *Config) quarantine() time.Duration {
	return time.Duration(float64(c.Longest)*c.stretch()) + 10*time.Millisecond
}

func (c *Config) stretch() float64 { return 1 + c.Drift.Rate }

// apart is by how much a clock runs fast or slow at most: two of them differ by 0.8 % then, less than the drift rate (A1).
// Beyond the assumptions it is far more in half of the runs; in the others steps of the nodes' clocks do the harm (A2).
func (c *Config) apart() float64 {
	if c.Beyond && c.Seed%2 == 0 {
		return 0.1
	}
	return 0.004
}

// forgetful reports whether nodes may lose what they know. Members and clocks that break the assumptions go without it:
// nothing is promised when both come together. Nor with Fresh, which is believed too late: TestKnownFreshIsBelievedLate.
func (c *Config) forgetful() bool { return !c.Skewed && !c.Beyond && !c.Quiet && !c.Fresh }

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
