package bench

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// A fault is read as it is written, and anything else is refused with the reason and the grammar.
func TestParseFault(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Fault
		err  string
	}{
		{"kill:2@5s", Fault{Kind: Kill, Count: 2, At: 5 * time.Second}, ""},
		{"kill:n2@0s", Fault{Kind: Kill, Node: 2}, ""},
		{"pause:1@5s+1.5s", Fault{Kind: Pause, Count: 1, At: 5 * time.Second, For: 1500 * time.Millisecond}, ""},
		{"delay:n1:20ms@300ms+2s", Fault{Kind: Delay, Node: 1, Delay: 20 * time.Millisecond, At: 300 * time.Millisecond, For: 2 * time.Second}, ""},
		{"", Fault{}, `"" does not say when`},
		{"kill:2", Fault{}, `"kill:2" does not say when`},
		{"kill:2@", Fault{}, `"" is no duration`},
		{"kill:2@5", Fault{}, `"5" is no duration`},
		{"kill:2@-5s", Fault{}, `too short`},
		{"kill:2@5s+0s", Fault{}, `too short`},
		{"kill:2@5s+", Fault{}, `"" is no duration`},
		{"kill@5s", Fault{}, `does not say which nodes`},
		{"kill:0@5s", Fault{}, `"0" is neither`},
		{"kill:n0@5s", Fault{}, `"n0" is neither`},
		{"kill:x@5s", Fault{}, `"x" is neither`},
		{"kill:2:20ms@5s", Fault{}, `"20ms" is too much for kill`},
		{"delay:1@5s", Fault{}, `does not say for how long`},
		{"delay:1:0s@5s", Fault{}, `too short`},
		{"melt:1@5s", Fault{}, `unknown fault "melt"`},
	} {
		got, err := ParseFault(c.in)
		switch {
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("%q: got %+v, %v; want %+v", c.in, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), FaultGrammar)):
			t.Errorf("%q: got %v, want an error with %q and the grammar", c.in, err, c.err)
		case c.err == "":
			if again, err := ParseFault(got.String()); err != nil || again != got {
				t.Errorf("%q: its String %q reads as %+v, %v", c.in, got, again, err)
			}
		}
	}
}

// A count takes the last nodes that no other fault has at the time, a name takes its node, and what cannot be is refused.
func TestPlan(t *testing.T) {
	for _, c := range []struct {
		faults string
		want   [][]int
		err    string
	}{
		{"kill:2@1s", [][]int{{3, 4}}, ""},
		{"kill:1@1s pause:1@2s", [][]int{{4}, {3}}, ""},
		{"kill:1@1s+1s pause:1@2s", [][]int{{4}, {4}}, ""}, // one is over when the other begins
		{"kill:2@1s pause:n5@2s", [][]int{{2, 3}, {4}}, ""},
		{"kill:5@1s", [][]int{{0, 1, 2, 3, 4}}, ""},
		{"kill:6@1s", nil, "fault kill:6@1s: of 5 nodes, 5 are left for it"},
		{"kill:3@1s pause:3@2s", nil, "fault pause:3@2s: of 5 nodes, 2 are left for it"},
		{"kill:n6@1s", nil, "there are 5 nodes"},
		{"kill:n1@1s pause:n1@2s", nil, "fault pause:n1@2s: node 1 has kill:n1@1s at that time"},
		{"kill:1@10s", nil, "begins after the run of 10s"},
	} {
		var faults []Fault
		for _, s := range strings.Fields(c.faults) {
			f, err := ParseFault(s)
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, f)
		}
		strikes, err := plan(faults, 5, 10*time.Second)
		var got [][]int
		for _, s := range strikes {
			got = append(got, s.nodes)
		}
		if c.err == "" && (err != nil || !reflect.DeepEqual(got, c.want)) {
			t.Errorf("%s: got %v, %v; want %v", c.faults, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: got %v, want an error with %q", c.faults, err, c.err)
		}
	}
}

// What a run cannot do is refused before anything is started.
func TestConfigIsChecked(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Rate: -1}, "negative"},
		{Config{Workers: -1}, "want at least 1"},
		{Config{Hold: -1}, "negative"},
		{Config{TTL: time.Millisecond}, "TTL 1ms is under 10ms"},
		{Config{Addrs: []string{"h:1"}, Faults: []Fault{{Kind: Kill, Count: 1}}}, "it does not break yours"},
		{Config{Addrs: []string{"h:1", "h:1"}}, "are both h:1"},
		{Config{Addrs: []string{"http://h:1"}}, "scheme"},
	} {
		if _, err := c.cfg.Complete(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want an error with %q", c.cfg, err, c.want)
		}
	}
	if got, err := (Config{}).Complete(); err != nil || got.Workers != 64 || got.Duration != 10*time.Second || got.Nodes != 5 {
		t.Errorf("got %+v, %v for the zero Config", got, err)
	}
}
