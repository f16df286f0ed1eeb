package chaos

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// What makes no sense is refused before anything is started, with what would.
func TestCompleteRefuses(t *testing.T) {
	some := []string{"a:1", "b:1", "c:1"}
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Nodes: -1}, "-1 nodes: want 1 to"},
		{Config{Nodes: 1000}, "1000 nodes: want 1 to"},
		{Config{Addrs: make([]string, 1000)}, "1000 nodes: want 1 to"},
		{Config{Processes: -1}, "-1 processes: want 1 to 64"},
		{Config{Processes: 65}, "65 processes: want 1 to 64"},
		{Config{Contenders: 65}, "65 contenders and 1 loners in each process: want 1 to 64 of each"},
		{Config{Loners: -2}, "3 contenders and -2 loners"},
		{Config{Processes: 1, Contenders: 1}, "one contender alone"},
		{Config{Hooks: Hooks{Kill: "true", Start: "true"}}, "say their addresses too"},
		{Config{Label: "x"}, "say their addresses too"},
		{Config{Addrs: some, Hooks: Hooks{Kill: "true", Start: "true"}, Label: "x"}, "not both"},
		{Config{Addrs: some, Hooks: Hooks{Kill: "true"}}, "both how to kill a node and how to start it"},
		{Config{Addrs: some, Hooks: Hooks{Start: "true"}}, "both how to kill a node and how to start it"},
		{Config{Addrs: []string{"a:1", "a:1", "b:1"}}, "a:1"},
		{Config{Addrs: []string{"http://a:1"}}, "http"},
		{Config{TTL: -time.Second}, "TTL"},
		{Config{TTL: time.Millisecond}, "TTL"},
	} {
		_, err := c.cfg.Complete()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.HasPrefix(err.Error(), "redlock:") {
			t.Errorf("%+v: got %v, want an error with %q", c.cfg, err, c.want)
		}
	}
}

// What is not said gets its default, and what was completed stays as it is.
func TestComplete(t *testing.T) {
	cfg, err := Config{}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.TTL != 2*time.Second || cfg.Nodes != 5 || cfg.Processes != 4 || cfg.Contenders != 3 || cfg.Loners != 1 || !cfg.own() {
		t.Errorf("got %+v", cfg)
	}
	if cfg.maxTTL() != cfg.TTL || cfg.quarantine() <= cfg.TTL {
		t.Errorf("our own nodes: longest TTL %v, quarantine %v, want a little more than %v", cfg.maxTTL(), cfg.quarantine(), cfg.TTL)
	}
	theirs, err := Config{Addrs: []string{"a:1", "b:1", "c:1"}, TTL: time.Second}.Complete()
	if err != nil || theirs.Nodes != 3 || theirs.own() || theirs.maxTTL() != longestTTL {
		t.Errorf("got %+v, %v, longest TTL %v", theirs, err, theirs.maxTTL())
	}
	theirs.TTL = time.Minute
	if theirs.maxTTL() != time.Minute {
		t.Errorf("longest TTL %v, want that of the run", theirs.maxTTL())
	}
	setup := cfg.setup([]string{"a", "b", "c", "d", "e"})
	if setup.Need != 3 || setup.Clients != 20 || setup.Processes != 4 || !setup.Fenced || setup.Lock != "redlock" || setup.Drift <= 0 {
		t.Errorf("got %+v", setup)
	}
}

// A plan is made without any node, names the kind of the nodes, and refuses what nodes of that kind, or of others, cannot bear.
func TestPlan(t *testing.T) {
	one := func(f fault.Fault) *plan.Scenario {
		return &plan.Scenario{Name: "one", Steps: []plan.Step{{Fault: f, For: plan.Length{TTLs: 1}, Nodes: plan.Pick{Word: plan.Minority}}}}
	}
	theirs := []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}
	hooks := Hooks{Kill: "true", Start: "true"}
	for _, c := range []struct {
		cfg  Config
		want string // "": a plan
	}{
		{Config{Kind: cluster.Embedded, Scenario: one(fault.Kill{})}, ""},
		{Config{Kind: cluster.Embedded, Scenario: one(fault.Step{By: time.Second})}, "the clocks of embedded nodes are the machine's own"},
		{Config{Kind: cluster.Docker, Scenario: one(fault.Rate{Times: 2})}, "the clocks of docker nodes are the machine's own"},
		{Config{Addrs: theirs, Scenario: one(fault.Kill{})}, "nobody has said how to kill and start this node"},
		{Config{Addrs: theirs, Hooks: hooks, Scenario: one(fault.Kill{Memory: cluster.Keep})}, ""},
		{Config{Addrs: theirs, Hooks: hooks, Scenario: one(fault.Kill{Memory: cluster.Forget})}, "nobody knows what your start command leaves"},
		{Config{Addrs: theirs, Hooks: hooks, Scenario: one(fault.Flush{})}, "only nodes that were started for this run are flushed"},
		{Config{Addrs: theirs, Hooks: hooks, Scenario: one(fault.Pause{})}, "nobody has said how to pause"},
		{Config{Addrs: theirs, Hooks: hooks, Scenario: one(fault.BlackHole{})}, "there is no proxy of ours"},
		{Config{Kind: cluster.Embedded, Duration: time.Second, Scenario: one(fault.Kill{})}, "too short"},
		{Config{Processes: 99}, "99 processes"},
	} {
		cfg, p, err := Plan(t.Context(), c.cfg)
		switch {
		case c.want != "":
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v: got %v, want %q", c.cfg, err, c.want)
			}
		case err != nil || len(p.Strikes) != 1 || cfg.Duration != p.Duration || len(p.Strikes[0].Nodes) != (cfg.Nodes-1)/2:
			t.Errorf("%+v: got %+v, %v", c.cfg, p, err)
		}
	}
	cfg, p, err := Plan(t.Context(), Config{Nodes: 3})
	if err != nil || cfg.Kind == "" || cfg.Duration != watchLength || p.Duration != watchLength || len(p.Strikes) > 0 {
		t.Errorf("without a scenario: got %v, %+v, %v", cfg.Kind, p, err)
	}
}

// What a plan puts to the test follows from which of its faults cost a majority, for how long, and which do not.
func TestExpect(t *testing.T) {
	strike := func(f fault.Fault, length time.Duration, nodes ...int) plan.Strike {
		return plan.Strike{At: time.Second, Until: time.Second + length, Fault: f, Nodes: nodes}
	}
	const s = time.Second
	for _, c := range []struct {
		strike                               plan.Strike
		minority, outage, losses, recoveries bool
	}{
		{strike(fault.Freeze{}, 9*s), false, false, false, false},
		{strike(fault.Kill{}, 9*s, 0), true, false, false, false},
		{strike(fault.Pause{}, 9*s, 0, 1), true, false, false, false},
		{strike(fault.Pause{}, s, 0, 1, 2), false, false, false, true},
		{strike(fault.Pause{}, s+1, 0, 1, 2), false, true, false, true},
		{strike(fault.Pause{}, 2200*ms, 0, 1, 2), false, true, false, true},
		{strike(fault.Pause{}, 2200*ms+1, 0, 1, 2), false, true, true, true},
		{strike(fault.Flush{}, 0, 0), true, false, false, false},
		{strike(fault.Flush{}, 0, 0, 1, 2), false, false, false, true},
		{strike(fault.Slow{Delay: s}, 9*s, 0, 1, 2, 3, 4), false, false, false, false},
	} {
		cfg, err := Config{}.Complete()
		if err != nil {
			t.Fatal(err)
		}
		x := (&run{cfg: cfg, plan: &plan.Plan{Duration: time.Minute, Strikes: []plan.Strike{c.strike}}}).expect()
		if x.Minority != c.minority || x.Outages != c.outage || x.Losses != c.losses || x.Recoveries != c.recoveries || !x.Fenced {
			t.Errorf("%s: got %+v", strikeText(c.strike), x)
		}
		if x.Recovery <= cfg.TTL+x.Quarantine {
			t.Errorf("got a recovery within %v, which is less than nodes need", x.Recovery)
		}
	}
}

// Faults that meet count together: two of one node each can cost a majority of three, and then no try is expected to win.
// An outage that is over only at the end leaves no time to recover.
func TestExpectOfFaultsThatMeet(t *testing.T) {
	const s = time.Second
	cut := func(at, until time.Duration, node int) plan.Strike {
		return plan.Strike{At: at, Until: until, Fault: fault.Cut{}, Nodes: []int{node}}
	}
	for name, c := range map[string]struct {
		strikes                              []plan.Strike
		minority, outage, losses, recoveries bool
	}{
		"at once":                {[]plan.Strike{cut(1*s, 4*s, 0), cut(1*s, 4*s, 1)}, false, true, true, true},
		"for a moment":           {[]plan.Strike{cut(1*s, 4*s, 0), cut(3900*ms, 7*s, 1)}, false, false, false, true},
		"far from each other":    {[]plan.Strike{cut(1*s, 2*s, 0), cut(9*s, 10*s, 1)}, true, false, false, false},
		"both and then one more": {[]plan.Strike{cut(1*s, 3*s, 0), cut(1*s, 3*s, 1), cut(20*s, 21*s, 2)}, true, true, false, true},
		"until the end":          {[]plan.Strike{cut(25*s, 30*s, 0), cut(25*s, 30*s, 1)}, false, true, true, false},
	} {
		cfg, err := Config{Nodes: 3}.Complete()
		if err != nil {
			t.Fatal(err)
		}
		x := (&run{cfg: cfg, plan: &plan.Plan{Duration: 30 * s, Strikes: c.strikes}}).expect()
		if x.Minority != c.minority || x.Outages != c.outage || x.Losses != c.losses || x.Recoveries != c.recoveries {
			t.Errorf("%s: got %+v", name, x)
		}
	}
}
