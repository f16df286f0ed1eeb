package check

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// A watch that is told of a good run says nothing, and of a bad hold at once, in whichever order the two are told.
func TestWatch(t *testing.T) {
	w := Watch{Fenced: true}
	for _, o := range played().Operations {
		if p := w.Tell(&o); p != nil {
			t.Errorf("got %q of a good run", p.Text)
		}
	}
	hold := func(client int, key string, fence uint64, from, until int) history.Operation {
		return history.Operation{Kind: history.Hold, Client: client, Key: key, Fence: fence,
			Called: sec(from), Returned: sec(until), Until: sec(until)}
	}
	first := hold(1, "k", 5, 10, 20)
	for _, c := range []struct {
		how    string
		second history.Operation
		fenced bool
		says   string
	}{
		{"after it", hold(2, "k", 6, 20, 30), true, ""},
		{"before it", hold(2, "k", 4, 5, 10), true, ""},
		{"in it", hold(2, "k", 6, 19, 30), true, "client 2 got k at 19.000s, while client 1 held it until 20.000s"},
		{"around it", hold(2, "k", 4, 5, 11), true, "client 1 got k at 10.000s, while client 2 held it until 11.000s"},
		{"after it with its fence", hold(2, "k", 5, 20, 30), true, "with fence 5, after client 1 with 5"},
		{"before it with a larger fence", hold(2, "k", 6, 5, 10), true, "client 1 got k at 10.000s with fence 5, after client 2 with 6"},
		{"which is nothing without fences", hold(2, "k", 6, 5, 10), false, ""},
		{"of another key", hold(2, "other", 1, 10, 20), true, ""},
		{"over before it began", history.Operation{Kind: history.Hold, Key: "k", Fence: 1, Called: 15 * s, Returned: 16 * s, Until: 14 * s}, true, ""},
	} {
		w := Watch{Fenced: c.fenced}
		o := first
		if p := w.Tell(&o); p != nil {
			t.Errorf("%s: got %q of the first", c.how, p.Text)
		}
		o = c.second // as a caller does that uses its own again
		p := w.Tell(&o)
		if (p == nil) != (c.says == "") || p != nil && !strings.Contains(p.Text, c.says) {
			t.Errorf("%s: got %v, want %q", c.how, p, c.says)
		}
	}
}

// However long a run is, a watch remembers the same number of holds of a key.
func TestWatchIsBounded(t *testing.T) {
	var w Watch
	for i := range 1000 {
		w.Tell(&history.Operation{Kind: history.Hold, Key: "k", Called: sec(i), Returned: sec(i + 1), Until: sec(i + 1)})
	}
	if n := len(w.latest["k"]); n != remembered {
		t.Errorf("got %d, want %d", n, remembered)
	}
}

func sec(n int) time.Duration { return time.Duration(n) * s }
