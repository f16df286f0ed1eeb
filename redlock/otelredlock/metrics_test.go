package otelredlock_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/otelredlock"
)

// anything is a value that does not matter.
var anything = math.NaN()

// want compares series with what they have to be, those that are named.
func want(t *testing.T, got map[string]point, want map[string]point) {
	t.Helper()
	for name, p := range want {
		one, ok := got[name]
		if !ok || math.Abs(one.value-p.value) > 1e-9 || one.count != p.count {
			t.Errorf("%s: got %+v (there: %v), want %+v", name, one, ok, p)
		}
	}
	if t.Failed() {
		for name, p := range got {
			t.Logf("%s %+v", name, p)
		}
	}
}

// What should never move stands at 0 from the beginning on, so that an alert sees it move.
func TestCountersBeginAtZero(t *testing.T) {
	w := newWorld(t, 0)
	otelredlock.Observer(w.options...)
	want(t, w.series(t), map[string]point{
		"redlock.lease.lost":                               {},
		"redlock.lease.held":                               {},
		"redlock.queue.depth":                              {},
		"redlock.lease.extends{redlock.outcome=extended}":  {},
		"redlock.lease.extends{redlock.outcome=no_quorum}": {},
	})
}

// A lock, its renewal, its hand-over and its release, with one node that is down.
func TestMetricsOfALease(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.fail(1, memory.Dead)
		l := w.locker(t, redlock.Config{TTL: 3 * time.Second, Cohort: redlock.Cohort{Max: 8, For: time.Minute}})
		blocker := mustLock(t, l, "k")
		got := make(chan *redlock.Lease)
		for range 2 {
			go func() {
				lease, _ := l.Lock(t.Context(), "k")
				got <- lease
			}()
		}
		synctest.Wait()
		want(t, w.series(t), map[string]point{"redlock.queue.depth": {value: 2}, "redlock.lease.held": {value: 1}})
		time.Sleep(500 * time.Millisecond)
		_ = blocker.Unlock(t.Context())
		first := <-got
		time.Sleep(1500 * time.Millisecond)
		_ = first.Unlock(t.Context()) // to the second
		second := <-got
		_ = second.Unlock(t.Context())
		time.Sleep(soon)
		want(t, w.series(t), map[string]point{
			"redlock.queue.depth": {},
			"redlock.lease.held":  {},
			"redlock.lease.lost":  {},
			"redlock.lock.duration{redlock.mode=fenced,redlock.op=lock,redlock.outcome=locked}":      {value: .5 + 2, count: 3},
			"redlock.lock.wait{redlock.op=lock}":                                                     {value: .5 + 2, count: 3},
			"redlock.lock.rounds{redlock.op=lock}":                                                   {value: 2, count: 3},
			"redlock.lease.hold{redlock.outcome=unlocked}":                                           {value: .5, count: 2},
			"redlock.lease.hold{redlock.outcome=handed_over}":                                        {value: 1.5, count: 1},
			"redlock.lease.extends{redlock.outcome=extended}":                                        {value: 1},
			"redlock.node.answers{redlock.node=10.0.0.1:6379,redlock.op=lock,redlock.outcome=error}": {value: 2},
			"redlock.node.answers{redlock.node=10.0.0.2:6379,redlock.op=lock,redlock.outcome=yes}":   {value: 2},
			"redlock.node.answers{redlock.node=10.0.0.3:6379,redlock.op=unlock,redlock.outcome=yes}": {value: 2},
			"redlock.node.answers{redlock.node=10.0.0.3:6379,redlock.op=extend,redlock.outcome=yes}": {value: 1},
			"redlock.node.answer.duration{redlock.node=10.0.0.2:6379,redlock.op=lock}":               {count: 2},
		})
	})
}

// A lease that is lost is counted as that, and so are the extends that failed.
func TestMetricsOfALoss(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		l := w.locker(t, redlock.Config{TTL: 3 * time.Second})
		lease := mustLock(t, l, "k")
		w.fail(2, memory.Dead)
		<-lease.Done()
		time.Sleep(soon)
		got := w.series(t)
		want(t, got, map[string]point{"redlock.lease.lost": {value: 1}, "redlock.lease.held": {}})
		if got["redlock.lease.hold{redlock.outcome=lost}"].count != 1 {
			t.Errorf("got no lost lease among the holds: %v", got)
		}
		if got["redlock.lease.extends{redlock.outcome=no_quorum}"].value < 1 {
			t.Errorf("got no extend that failed: %v", got)
		}
	})
}

// Calls that get nothing are told apart by what to do about them.
func TestMetricsOfFailures(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		l, other := w.locker(t, redlock.Config{}), w.locker(t, redlock.Config{})
		mustLock(t, other, "k")
		if _, err := l.TryLock(t.Context(), "k"); !errors.Is(err, redlock.ErrHeld) {
			t.Fatal(err)
		}
		w.fail(2, memory.Dead)
		if _, err := l.TryLock(t.Context(), "free"); !errors.Is(err, redlock.ErrNoQuorum) {
			t.Fatal(err)
		}
		time.Sleep(soon)
		want(t, w.series(t), map[string]point{
			"redlock.lock.duration{redlock.mode=fenced,redlock.op=try_lock,redlock.outcome=held}":      {count: 1},
			"redlock.lock.duration{redlock.mode=fenced,redlock.op=try_lock,redlock.outcome=no_quorum}": {value: anything, count: 1},
			"redlock.node.answers{redlock.node=10.0.0.3:6379,redlock.op=lock,redlock.outcome=no}":      {value: 1},
		})
	})
}

// No key and no owner is in any metric; the attributes that the user gave are in all of them.
func TestMetricsNameNoKey(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		const key = "patient/4711"
		w := newWorld(t, 3, otelredlock.WithAttributes(attribute.String("deployment", "prod")), otelredlock.WithKeyOnSpans())
		l, other := w.locker(t, redlock.Config{TTL: 3 * time.Second}), w.locker(t, redlock.Config{})
		lease := mustLock(t, l, key)
		_, _ = other.TryLock(t.Context(), key)
		w.fail(1, memory.Dead)
		time.Sleep(soon)
		_ = lease.Unlock(t.Context())
		time.Sleep(soon)
		got := w.series(t)
		for name := range got {
			if strings.Contains(name, key) || strings.Contains(name, lease.Owner()) || !strings.Contains(name, "deployment=prod") {
				t.Errorf("got %s, want neither the key nor the owner, and deployment=prod", name)
			}
		}
		if len(got) < 15 {
			t.Errorf("looked at %d series, want at least 15", len(got))
		}
	})
}

// Counters that should never move stand at 0 also where the global provider is set after the observer was made.
func TestCountersBeginWithALateProvider(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.options, w.reader = nil, metric.NewManualReader()
		l := w.locker(t, redlock.Config{})
		otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(w.reader)))
		mustLock(t, l, "k").Unlock(t.Context())
		time.Sleep(soon)
		if _, there := w.series(t)["redlock.lease.lost"]; !there {
			t.Errorf("got %v, want a series of lost leases", w.series(t))
		}
	})
}
