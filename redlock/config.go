package redlock

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// The smallest TTL that leaves anything after the drift, and the longest key.
const (
	minTTL = 10 * time.Millisecond
	maxKey = 1024
	// longest is a hundred years, so that no sum of times overflows.
	longest = 100 * 365 * 24 * time.Hour
)

// Mode is how a node is asked for its grant.
type Mode uint8

const (
	// Fenced asks by script: every lease carries a fence, a number for storage that is larger for every later holder.
	// It is the default.
	Fenced Mode = iota
	// Plain asks by SET NX PX, as the published algorithm does. It needs no scripts, and gives no fences.
	Plain
)

// Config is how a [Locker] locks. Its zero value is the default that each field names.
type Config struct {
	// TTL is how long a node keeps a grant that nobody extends or releases, in whole milliseconds (the rest is cut
	// off). It bounds how long a crashed holder keeps everybody else out. At least 10ms; 0 means 10s.
	TTL time.Duration
	// Drift is how far the clocks of this process and of the nodes may run apart during a TTL; the window in which a
	// lease is trusted is shorter by it. The zero Drift means [clock.DefaultDrift], 1% + 2ms.
	Drift clock.Drift
	// NodeTimeout bounds how long one node may take to answer, opening a connection included, and so how long an
	// operation takes that cannot reach a majority. 0 means 500ms.
	NodeTimeout time.Duration
	// Backoff is how long Lock pauses between two tries where it is not told that the key is free: in mode Plain, where an
	// ACL forbids to announce it, and while too few nodes can be heard. The zero Backoff means 10ms to 250ms.
	Backoff Backoff
	// Cohort bounds how a lease is handed on within this process. The zero Cohort means 64 holders within 100ms.
	Cohort Cohort
	// MaxHold bounds how long a lease is held, however often it is extended; then it is lost. A holder to whom it was
	// handed over has it for as long anew. 0 means no bound.
	MaxHold time.Duration
	// NoRenew leaves extending a lease to its holder's calls of Extend.
	NoRenew bool
	// Mode is Fenced or Plain.
	Mode Mode
	// MaxTTL is the longest TTL that any client uses on these nodes; a longer TTL is refused. In mode Fenced the nodes
	// remember the MaxTTL of the first client and refuse clients with a longer one, and a node that may have forgotten
	// its votes does not vote for that long. 0 means 30s, or TTL if that is longer.
	MaxTTL time.Duration
	// Deployment names the nodes that belong together, beside how many they are: a node refuses clients of another
	// deployment, because two overlapping sets of nodes would not exclude each other. Letters, digits, "-", "_" and
	// "."; at most 64. Mode Fenced only.
	Deployment string
	// Fresh says that no lock can be held on these nodes yet, by anyone: a node that remembers nothing then votes at
	// once, instead of after MaxTTL. It is about the time at which the locker is made, and looks at the nodes at once
	// therefore; one that does not answer within twice NodeTimeout is not taken for new later. Mode Fenced only.
	Fresh bool
	// DurableNodes says that a node which restarts remembers every answer that it ever gave (appendonly yes, appendfsync
	// always, and a disk that keeps what it acknowledged), so that it votes at once. Mode Fenced only.
	DurableNodes bool
	// TLS is used for rediss:// addresses; nil means the system's roots. Only Dial uses it.
	TLS *tls.Config
	// Logger is told of nodes going down and coming back, of nodes that refuse to be listened to, and of leases that are
	// lost. It is never given a password.
	// nil means silence.
	Logger *slog.Logger
	// Observer is told what each node answers, and how locks were come by. nil means nobody.
	Observer *Observer
}

// Backoff is a pause that doubles from Min up to Max, and ends when the key is to expire if that is sooner. The try after
// it is put off by a random part of about as long as a try takes, so that contenders spread.
type Backoff struct {
	Min, Max time.Duration
}

// Cohort bounds how long one process may keep a key to itself while others wait for it: Unlock hands the lease to whoever
// waits next in the same process, instead of giving the key back, for at most Max holders, the first included, and within
// For after the lease was won; 0 with a Max means no bound in time. Those get it who waited when it was won, and then as many
// who came later, but no more. Max is at most 64, and 1 means that no lease is handed over. With NoRenew none is, nor between
// siblings of different TTLs ([Locker.WithTTL]), nor one that came from TryLock.
type Cohort struct {
	Max int
	For time.Duration
}

// complete returns cfg with its defaults filled in, or says what is wrong with it.
func (cfg Config) complete() (Config, error) {
	if cfg.TTL == 0 {
		cfg.TTL = 10 * time.Second
	}
	if cfg.Drift == (clock.Drift{}) {
		cfg.Drift = clock.DefaultDrift
	}
	if cfg.NodeTimeout == 0 {
		cfg.NodeTimeout = 500 * time.Millisecond
	}
	if cfg.Backoff == (Backoff{}) {
		cfg.Backoff = Backoff{Min: 10 * time.Millisecond, Max: 250 * time.Millisecond}
	}
	switch {
	case cfg.Cohort == (Cohort{}):
		cfg.Cohort = Cohort{Max: node.Tick, For: 100 * time.Millisecond}
	case cfg.Cohort.Max == 0:
		cfg.Cohort.Max = node.Tick
	}
	if cfg.MaxTTL == 0 {
		cfg.MaxTTL = max(30*time.Second, cfg.TTL)
	}
	switch {
	case cfg.NodeTimeout < time.Millisecond || cfg.NodeTimeout > time.Hour:
		return cfg, fmt.Errorf("redlock: NodeTimeout %v is not from 1ms to 1h", cfg.NodeTimeout)
	case cfg.Backoff.Min <= 0 || cfg.Backoff.Max < cfg.Backoff.Min:
		return cfg, fmt.Errorf("redlock: Backoff from %v to %v: want 0 < Min <= Max", cfg.Backoff.Min, cfg.Backoff.Max)
	case cfg.Cohort.Max < 1 || cfg.Cohort.Max > node.Tick || cfg.Cohort.For < 0:
		return cfg, fmt.Errorf("redlock: Cohort of %d holders within %v: want 1 to %d, and no negative time", cfg.Cohort.Max, cfg.Cohort.For, node.Tick)
	case cfg.MaxHold < 0:
		return cfg, fmt.Errorf("redlock: MaxHold %v is negative", cfg.MaxHold)
	case cfg.MaxTTL < 0 || cfg.MaxTTL > longest:
		return cfg, fmt.Errorf("redlock: MaxTTL %v is not from 0 to %v", cfg.MaxTTL, longest)
	case cfg.MaxHold > longest:
		cfg.MaxHold = 0
	}
	switch {
	case cfg.Mode > Plain:
		return cfg, fmt.Errorf("redlock: unknown Mode %d", cfg.Mode)
	case len(cfg.Deployment) > 64 || strings.ContainsFunc(cfg.Deployment, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", r)
	}):
		return cfg, fmt.Errorf("redlock: Deployment %q is not of at most 64 letters, digits, dots, - and _", cfg.Deployment)
	}
	return cfg.withTTL(cfg.TTL)
}

// withTTL returns cfg with another TTL, or says what is wrong with that.
func (cfg Config) withTTL(ttl time.Duration) (Config, error) {
	switch {
	case ttl < minTTL:
		return cfg, fmt.Errorf("redlock: TTL %v is under %v", ttl, minTTL)
	case ttl > cfg.MaxTTL:
		return cfg, fmt.Errorf("redlock: TTL %v is over MaxTTL, %v", ttl, cfg.MaxTTL)
	}
	cfg.TTL = ttl.Truncate(time.Millisecond)
	if err := cfg.Drift.Check(cfg.TTL); err != nil {
		return cfg, fmt.Errorf("redlock: TTL %v: %w", ttl, err)
	}
	if cfg.Drift.Of(cfg.TTL)+guard(cfg.TTL) >= cfg.TTL {
		return cfg, fmt.Errorf("redlock: TTL %v: a drift of %v leaves nothing of it", ttl, cfg.Drift.Of(cfg.TTL))
	}
	return cfg, nil
}

// guard is how long before the end of its window a lease ends: enough for a busy process to notice.
func guard(ttl time.Duration) time.Duration {
	return min(max(ttl/20, time.Millisecond), 250*time.Millisecond)
}

func (cfg Config) params(nodes int) *protocol.Params {
	return &protocol.Params{
		Rule:    quorum.Majority(nodes),
		TTL:     cfg.TTL,
		Drift:   cfg.Drift,
		Guard:   guard(cfg.TTL),
		Budget:  cfg.NodeTimeout,
		MaxHold: cfg.MaxHold,
		Renew:   !cfg.NoRenew,
		Fenced:  cfg.Mode == Fenced,
		Cohort:  protocol.Cohort(cfg.Cohort),
	}
}

func (cfg Config) node(nodes int) node.Config {
	return node.Config{
		Timeout: cfg.NodeTimeout,
		Fenced:  cfg.Mode == Fenced,
		Logger:  cfg.Logger,
		Drift:   cfg.Drift,
		Roster:  &node.Roster{Nodes: nodes},
		Policy: node.Policy{
			Longest: cfg.MaxTTL,
			Stretch: 1 + cfg.Drift.Rate,
			Members: node.Members(nodes, cfg.Deployment),
			Fresh:   cfg.Fresh,
			Durable: cfg.DurableNodes,
		},
	}
}

// checkKey says what is wrong with a key, or nil.
func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("the key is empty")
	case len(key) > maxKey:
		return fmt.Errorf("the key has %d bytes; at most %d are allowed", len(key), maxKey)
	case strings.HasPrefix(key, node.Prefix):
		return fmt.Errorf("the key %q begins with %q, which is kept for this library's own keys", key, node.Prefix)
	}
	return nil
}
