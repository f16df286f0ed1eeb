package chaos

import (
	"cmp"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/access"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/quorum"
	"github.com/quorumlock/quorumlock/redlock"
)

// Config is one run. Worker must be set.
type Config struct {
	Kind  cluster.Kind // of the run's own nodes; "" is for the machine to decide
	Nodes int          // of its own; 0 means 5
	Addrs []string     // nodes that run already; empty: the run brings its own
	TLS   access.TLS   // of these, where their addresses say rediss
	Given []string     // the words of a command line that say how to reach these, without secrets; empty: made of Addrs
	Hooks Hooks        // how to break nodes that run already
	Label string       // or: the label of the containers that these nodes are

	Scenario   *plan.Scenario // nil: nothing goes wrong
	File       string         // that it was read from; "": it is a preset
	Seed       uint64
	Duration   time.Duration // 0 means the scenario's
	TTL        time.Duration // of the leases; 0 means 2s
	MaxTTL     time.Duration // longest TTL on nodes that run already; 0 means 30s
	Deployment string        // of nodes that run already, as in redlock.Config
	Plain      bool          // redlock.Plain instead of Fenced
	Lock       string        // see lock.Open

	Processes  int // of clients; 0 means 4
	Contenders int // in each: clients that want the same few keys; 0 means 3
	Loners     int // in each: clients that want keys of their own; 0 means 1

	// Worker makes the command that runs worker.Run on its standard input and output.
	Worker func() *exec.Cmd
	// Dir is where the run's files go; it exists. "" means that there are none.
	Dir string

	bound time.Duration // how long a fault may take to come or to go; 0 means 30s
}

// What a run is like if nobody says otherwise.
const (
	defaultTTL        = 2 * time.Second
	defaultNodes      = 5
	defaultProcesses  = 4
	defaultContenders = 3
	defaultLoners     = 1
	defaultBound      = 30 * time.Second
)

// grace is after how long everybody knows that a node is back: a lane asks a dead one twice a second, on machines that may
// be busy.
const grace = 1500 * time.Millisecond

// longestRun is how long a run may be. Everything that happens is kept in memory until it is judged.
const longestRun = 4 * time.Hour

// nodeTimeout is the library's own.
const nodeTimeout = 500 * time.Millisecond

// keepers is how many clients of each process hold on to a key of their own.
const keepers = 1

// longestTTL is what nodes of others allow, if their owner has not said otherwise.
const longestTTL = 30 * time.Second

// Complete returns cfg with its defaults filled in, or says what is wrong with it. It starts nothing.
func (cfg Config) Complete() (Config, error) {
	cfg.TTL = cmp.Or(cfg.TTL, defaultTTL)
	cfg.Nodes = cmp.Or(cfg.Nodes, defaultNodes)
	cfg.Processes = cmp.Or(cfg.Processes, defaultProcesses)
	cfg.Contenders = cmp.Or(cfg.Contenders, defaultContenders)
	cfg.Loners = cmp.Or(cfg.Loners, defaultLoners)
	cfg.bound = cmp.Or(cfg.bound, defaultBound)
	if len(cfg.Addrs) > 0 {
		cfg.Nodes = len(cfg.Addrs)
	}
	switch {
	case cfg.Nodes < 1 || cfg.Nodes > quorum.MaxNodes:
		return cfg, fmt.Errorf("%d nodes: want 1 to %d", cfg.Nodes, quorum.MaxNodes)
	case cfg.Processes < 1 || cfg.Processes > 64:
		return cfg, fmt.Errorf("%d processes: want 1 to 64", cfg.Processes)
	case cfg.Contenders < 1 || cfg.Contenders > 64 || cfg.Loners < 1 || cfg.Loners > 64:
		return cfg, fmt.Errorf("%d contenders and %d loners in each process: want 1 to 64 of each", cfg.Contenders, cfg.Loners)
	case cfg.Processes*cfg.Contenders < 2:
		return cfg, errors.New("one contender alone: nobody could be a second holder; want at least 2")
	case len(cfg.Addrs) > 0 && cfg.Lock != "" && cfg.Lock != "redlock":
		return cfg, fmt.Errorf("%s is wrong on purpose, and for nodes that the run starts itself: it does not go near yours", cfg.Lock)
	case len(cfg.Addrs) == 0 && (cfg.MaxTTL != 0 || cfg.Deployment != "" || cfg.TLS != access.TLS{}):
		return cfg, errors.New("a longest TTL, a deployment and TLS are of nodes that run already: say their addresses too")
	case cfg.Duration < 0 || cfg.Duration > longestRun:
		return cfg, fmt.Errorf("a duration of %v: want at most %v", cfg.Duration, longestRun)
	case len(cfg.Addrs) == 0 && (cfg.Hooks != Hooks{} || cfg.Label != ""):
		return cfg, errors.New("ways to break nodes are for nodes that run already: say their addresses too")
	case (cfg.Hooks != Hooks{}) && cfg.Label != "":
		return cfg, errors.New("nodes are broken by commands, or are containers with a label, not both")
	case (cfg.Hooks.Kill == "") != (cfg.Hooks.Start == ""):
		return cfg, errors.New("say both how to kill a node and how to start it again")
	}
	return cfg, access.Try(cfg.Addrs, func(addrs []string) (*redlock.Locker, error) { return cfg.dial(addrs, false) })
}

// dial returns a locker as the run's clients have it. fresh: no lock can be held on these nodes yet.
func (cfg Config) dial(addrs []string, fresh bool) (*redlock.Locker, error) {
	secure, err := cfg.TLS.Config()
	if err != nil {
		return nil, err
	}
	mode := redlock.Fenced
	if cfg.Plain {
		mode = redlock.Plain
	}
	return redlock.Dial(addrs, redlock.Config{
		TTL: cfg.TTL, MaxTTL: cfg.maxTTL(), Deployment: cfg.Deployment, TLS: secure, Mode: mode, Fresh: fresh,
	})
}

// clients is how many there are in each process.
func (cfg Config) clients() int { return cfg.Contenders + cfg.Loners + keepers }

// own reports whether the run starts its own nodes.
func (cfg Config) own() bool { return len(cfg.Addrs) == 0 }

// maxTTL is the longest TTL on the nodes: no more than this run's on our own, so that one that forgot is back soon.
func (cfg Config) maxTTL() time.Duration {
	if cfg.own() {
		return cfg.TTL
	}
	return max(cfg.TTL, cmp.Or(cfg.MaxTTL, longestTTL))
}

// quarantine is for how long a node does not vote that may have forgotten: rule R6.
func (cfg Config) quarantine() time.Duration {
	return cfg.maxTTL() + time.Duration(float64(cfg.maxTTL())*clock.DefaultDrift.Rate) + 10*time.Millisecond
}

// setup is what the history says of the run.
func (cfg Config) setup(addrs []string) history.Setup {
	return history.Setup{
		Nodes: addrs, Need: quorum.Majority(len(addrs)).Need(), TTL: cfg.TTL, Drift: clock.DefaultDrift.Of(cfg.TTL),
		MaxTTL: cfg.maxTTL(), Timeout: nodeTimeout, Fenced: !cfg.Plain, Lock: cmp.Or(cfg.Lock, "redlock"),
		Processes: cfg.Processes, Clients: cfg.Processes * cfg.clients(),
	}
}
