package bench

import (
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/quorumlock/quorumlock/internal/access"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// How many cycles may be under way at once unless Config.Workers says so.
const (
	closedWorkers = 64
	openWorkers   = 10000
)

// MaxProcesses is how many processes a load may have.
const MaxProcesses = 64

// Config is one run. The zero value is a closed load of 64 workers, each on a key of its own, for 10 seconds on five
// nodes of the best kind that this machine can run.
type Config struct {
	Addrs []string     // nodes that run already; empty: the run brings its own
	TLS   access.TLS   // of these, where their addresses say rediss
	Kind  cluster.Kind // of its own nodes; "" is for the machine to decide
	Nodes int          // of its own; 0 means 5

	Processes int              // that the load runs in; 0 means 1, this one
	Process   func() *exec.Cmd `json:"-"` // makes the command that runs Work on its standard input and output, for more than one

	Workers  int      // cycles under way at once in each process; 0 means 64, and 10000 with a Rate
	Rate     float64  // cycles asked for in a second by all processes, of an open load; 0: closed
	Arrivals Arrivals // of an open load; "" means Poisson
	Keys     Keys     // "" means Distinct
	Hold     time.Duration
	TTL      time.Duration // 0 means 10s
	Mode     redlock.Mode

	MaxTTL     time.Duration // longest TTL on nodes that run already; 0 means 30s, or the TTL if that is longer
	Deployment string        // of nodes that run already, as in redlock.Config

	Duration time.Duration // that is measured; 0 means 10s
	Warmup   time.Duration // before that; less than 0 means none, 0 means 1s
	Faults   []Fault
	Seed     uint64 // of arrivals and keys
}

// Complete returns cfg with its defaults filled in, or says what is wrong with it.
func (cfg Config) Complete() (Config, error) {
	setDefault(&cfg.Nodes, 5)
	setDefault(&cfg.Processes, 1)
	setDefault(&cfg.Keys, Distinct)
	setDefault(&cfg.TTL, 10*time.Second)
	setDefault(&cfg.Duration, 10*time.Second)
	setDefault(&cfg.Warmup, time.Second)
	cfg.Warmup = max(0, cfg.Warmup)
	if cfg.Rate > 0 {
		setDefault(&cfg.Workers, openWorkers)
		setDefault(&cfg.Arrivals, Poisson)
	} else {
		setDefault(&cfg.Workers, closedWorkers)
	}
	if len(cfg.Addrs) > 0 {
		cfg.Nodes = len(cfg.Addrs)
	}
	switch {
	case cfg.Rate < 0:
		return cfg, fmt.Errorf("a rate of %v is negative", cfg.Rate)
	case cfg.Workers < 0:
		return cfg, fmt.Errorf("%d workers: want at least 1", cfg.Workers)
	case cfg.Processes < 1 || cfg.Processes > MaxProcesses:
		return cfg, fmt.Errorf("%d processes: want 1 to %d", cfg.Processes, MaxProcesses)
	case cfg.Processes > 1 && cfg.Process == nil:
		return cfg, fmt.Errorf("%d processes, and no command to start them with", cfg.Processes)
	case cfg.Duration < 0 || cfg.Hold < 0:
		return cfg, errors.New("a duration is negative")
	case len(cfg.Addrs) == 0 && (cfg.MaxTTL != 0 || cfg.Deployment != "" || cfg.TLS != access.TLS{}):
		return cfg, errors.New("a longest TTL, a deployment and TLS are of nodes that run already: say their addresses too")
	case len(cfg.Addrs) > 0 && len(cfg.Faults) > 0:
		return cfg, errors.New("--fault with --addr: faults are for nodes that bench starts itself (--nodes); it does not break yours")
	}
	if _, err := plan(cfg.Faults, cfg.Nodes, cfg.Duration); err != nil {
		return cfg, err
	}
	return cfg, access.Try(cfg.Addrs, func(addrs []string) (*redlock.Locker, error) { return cfg.dial(addrs, redlock.Config{}) })
}

// locker returns one of the run.
func (cfg Config) locker(addrs []string, o *redlock.Observer) (*redlock.Locker, error) {
	fresh := len(cfg.Addrs) == 0 // we have started the nodes ourselves
	return cfg.dial(addrs, redlock.Config{Observer: o, Fresh: fresh})
}

// dial adds to the settings what cfg says.
func (cfg Config) dial(addrs []string, settings redlock.Config) (*redlock.Locker, error) {
	secure, err := cfg.TLS.Config()
	if err != nil {
		return nil, err
	}
	settings.TTL, settings.MaxTTL, settings.Mode, settings.Deployment, settings.TLS = cfg.TTL, cfg.MaxTTL, cfg.Mode, cfg.Deployment, secure
	if settings.MaxTTL == 0 {
		settings.MaxTTL = max(30*time.Second, cfg.TTL)
	}
	return redlock.Dial(addrs, settings)
}

// proxied reports whether the nodes need proxies in front.
func (cfg Config) proxied() bool {
	for _, f := range cfg.Faults {
		if f.Kind == Delay {
			return true
		}
	}
	return false
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
