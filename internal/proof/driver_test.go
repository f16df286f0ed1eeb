package proof

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/faketime"
)

var (
	seed   = flag.Uint64("seed", 0, "the first seed of the driver's worlds; 0 draws one")
	plenty = flag.Bool("plenty", true, "fail when too little has happened")
	seeds  = flag.Int("seeds", 3, "how many worlds the driver is looked at in")
)

// go-redis tells standard error of every connection that it cannot open; the tests break them by the dozen.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	os.Exit(m.Run())
}

// Whatever nodes do, the library keeps what it promises: one holder at a time, larger fences for later ones, holders
// that are told in time, nothing left behind, and errors as documented.
//
// Where bad luck leaves something out, more worlds are looked at. A seed draws the same faults and the same calls again, and
// not the same order of goroutines.
func TestDriver(t *testing.T) {
	first := *seed
	if first == 0 {
		first = 1 + rand.Uint64N(1<<40)
	}
	total := newLedger()
	began := time.Now()
	worlds := 0
	for ; !t.Failed() && (worlds < *seeds || *plenty && worlds < 4**seeds && total.missing(*seeds) != ""); worlds++ {
		s, l := first+uint64(worlds), newLedger()
		faketime.Test(t, func(t *testing.T) {
			start := time.Now()
			newWorld(t, s, l).run(3)
			l.add("simulated seconds", int(time.Since(start).Seconds()))
		})
		for _, wrong := range l.wrong {
			t.Errorf("seed %d: %s", s, wrong)
		}
		for what, n := range l.counts {
			total.add(what, n)
		}
	}
	t.Logf("seeds from %d, in %v: %v", first, time.Since(began).Round(time.Millisecond), total)
	if t.Failed() {
		t.Logf("again with: go test ./internal/proof -run '^TestDriver$' -seed S -seeds 1")
		return
	}
	if what := total.missing(*seeds); *plenty && what != "" {
		t.Errorf("in %d worlds %s; the test proves too little", worlds, what)
	}
	record(t, "driver", worlds, total)
}

// least is how often, in a dozen worlds, everything must have happened, lest a pass prove nothing.
var least = map[string]int{
	"acquisitions": 1000, "refused: held": 100, "refused: no quorum": 100, "refused: context ended": 100, "lost leases": 10,
	"unlocks": 500, "unlocks without a majority": 5, "extends": 50, "extends without a majority": 5, "looks at a majority": 500,
	"fault: dead": 50, "fault: hung": 30, "fault: mute": 50, "fault: slow": 30, "fault: slow dial": 50, "fault: reset": 50,
	"fault: restart": 5, "calms": 12,
}

// missing says what has not happened often enough in so many worlds, or "". Worlds differ: a few of them need a third of what
// a dozen have on average, and of what is rare nothing.
func (l *ledger) missing(worlds int) string {
	var missing []string
	for what, want := range least {
		if want = want * worlds / 36; l.counts[what] < want {
			missing = append(missing, fmt.Sprintf("%s: %d instead of %d", what, l.counts[what], want))
		}
	}
	slices.Sort(missing)
	return strings.Join(missing, ", ")
}
