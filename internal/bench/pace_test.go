package bench

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/redlock"
)

// Fixed arrivals keep their distance; Poisson arrivals keep it on average, and vary as much as they should.
func TestArrivals(t *testing.T) {
	next := Fixed.timing(100, 1, 0, 1)
	for i := range 1000 {
		if got, want := next(), time.Duration(i)*10*time.Millisecond; got != want {
			t.Fatalf("arrival %d: got %v, want %v", i, got, want)
		}
	}
	next = Poisson.timing(100, 1, 0, 1)
	last, sum, squares := time.Duration(0), 0.0, 0.0
	const n = 20000
	for range n {
		at := next()
		gap := (at - last).Seconds()
		sum, squares, last = sum+gap, squares+gap*gap, at
	}
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-0.01) > 0.0003 || math.Abs(deviation-0.01) > 0.0005 {
		t.Errorf("got gaps of %v ± %v, want 0.01 ± 0.01", mean, deviation)
	}
	again := Poisson.timing(100, 1, 0, 1)
	for range n - 1 {
		again()
	}
	if got := again(); got != last {
		t.Errorf("got %v from the same seed, want %v", got, last)
	}
}

// An arrival that has to wait for the one before it is late, is not skipped, and still says when it was due.
func TestPaceSkipsNobody(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		start := time.Now()
		var due, told []time.Duration
		pace(t.Context(), start, start.Add(100*time.Millisecond), Fixed.timing(100, 1, 0, 1), func(at time.Time) {
			due, told = append(due, at.Sub(start)), append(told, time.Since(start))
			if len(due) == 3 {
				time.Sleep(35 * time.Millisecond) // a stall
			}
		})
		if len(due) != 10 {
			t.Fatalf("got %d arrivals, want 10", len(due))
		}
		for i := range due {
			want := time.Duration(i) * 10 * time.Millisecond
			late := want
			if i >= 3 && i <= 5 {
				late = 55 * time.Millisecond
			}
			if due[i] != want || told[i] != late {
				t.Errorf("arrival %d: got due %v, told at %v; want %v and %v", i, due[i], told[i], want, late)
			}
		}
	})
}

// stalling is a locker that takes a millisecond, except that nobody gets a lock while it stalls. Its leases are nil,
// which unlock at once.
type stalling struct{ from, until time.Time }

func (s stalling) Lock(ctx context.Context, _ string) (*redlock.Lease, error) {
	time.Sleep(time.Millisecond)
	if now := time.Now(); !now.Before(s.from) && now.Before(s.until) {
		sleep(ctx, s.until.Sub(now))
	}
	return nil, ctx.Err()
}

// under runs a load for 10 s of fake time on a locker that stalls for one of them, and returns what was recorded.
func under(t *testing.T, cfg Config, stall func(start time.Time) stalling) *recorder {
	t.Helper()
	cfg, err := cfg.Complete()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	rec := newRecorder(start, cfg.Duration, 0)
	life, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	l := &load{cfg: cfg, locker: stall(start), rec: rec, keys: cfg.Keys.choosers("k/", cfg.Seed), stop: t.Context(), life: life}
	var working sync.WaitGroup
	working.Go(func() { l.run(start, start.Add(cfg.Duration)) })
	time.Sleep(cfg.Duration + drain)
	giveUp()
	working.Wait()
	return rec
}

// A stall of a second in ten, under an open load, delays a tenth of all locks, and the latencies say so, also when
// only a few can be under way at once. A closed load asks for next to nothing meanwhile and hides it: that is why
// there is an open one.
func TestStallShowsInOpenLoad(t *testing.T) {
	stall := func(start time.Time) stalling {
		return stalling{start.Add(3 * time.Second), start.Add(4 * time.Second)}
	}
	for name, cfg := range map[string]Config{
		"many at once": {Rate: 1000, Arrivals: Fixed},
		"few at once":  {Rate: 1000, Arrivals: Fixed, Workers: 10},
	} {
		t.Run(name, func(t *testing.T) {
			faketime.Test(t, func(t *testing.T) {
				rec := under(t, cfg, stall)
				got := rec.lock.latency()
				if got.Count != 10000 {
					t.Errorf("got %d locks, want every one of 10000 that were due", got.Count)
				}
				if p95 := time.Duration(rec.lock.ValueAtPercentile(95)); p95 < 400*time.Millisecond {
					t.Errorf("got a p95 of %v, want about half of the stall", p95)
				}
				if got.P50 > Millis(10*time.Millisecond) || got.Max < Millis(999*time.Millisecond) {
					t.Errorf("got p50 %v and max %v, want about 1ms and 1s", got.P50, got.Max)
				}
			})
		})
	}
	faketime.Test(t, func(t *testing.T) {
		if got := under(t, Config{Workers: 10}, stall).lock.latency(); got.P99 > Millis(10*time.Millisecond) {
			t.Errorf("got a p99 of %v from a closed load, want it to hide the stall", got.P99)
		}
	})
}

// Locks that are still waited for at the end are counted, and in the latencies with what they had taken until then.
func TestUnfinishedLocksDoNotVanish(t *testing.T) {
	for name, cfg := range map[string]Config{
		"open": {Rate: 100, Arrivals: Fixed}, "few at once": {Rate: 100, Arrivals: Fixed, Workers: 10}, "closed": {Workers: 10},
	} {
		t.Run(name, func(t *testing.T) {
			faketime.Test(t, func(t *testing.T) {
				rec := under(t, cfg, func(start time.Time) stalling {
					return stalling{start.Add(5 * time.Second), start.Add(time.Hour)}
				})
				want := int64(500) // due in the second half
				if cfg.Rate == 0 {
					want = 10
				}
				if rec.unfinished < want || rec.unfinished > want+1 {
					t.Errorf("got %d unfinished locks, want %d", rec.unfinished, want)
				}
				if got := rec.lock.latency().Max; got < Millis(7*time.Second-2*time.Millisecond) {
					t.Errorf("got a max of %v, want the 7s that the first had waited", got)
				}
			})
		})
	}
}
