package otelredlock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/otelredlock"
)

// get returns an attribute as text; "" when it is not there.
func get(attributes []attribute.KeyValue, key attribute.Key) string {
	for _, one := range attributes {
		if one.Key == key {
			return one.Value.String()
		}
	}
	return ""
}

// text is everything that a span says.
func text(s trace.ReadOnlySpan) string {
	return fmt.Sprint(s.Name(), s.Attributes(), s.Events(), s.Status())
}

// A span of a lock lasts as long as the call, is a child of the caller's, and has an event for every node's answer: also
// for that of the node which nobody has waited for.
func TestSpanOfALock(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 5)
		l := w.locker(t, redlock.Config{NodeTimeout: 200 * time.Millisecond})
		mustLock(t, l, "other").Unlock(t.Context())
		time.Sleep(soon)
		w.fail(1, memory.Hung)
		for _, n := range w.nodes[1:] {
			n.Slow(5*time.Millisecond, 0)
		}
		ctx, parent := w.tracers.Tracer("caller").Start(t.Context(), "request")
		lease, err := l.Lock(ctx, "k")
		if err != nil {
			t.Fatal(err)
		}
		parent.End()
		time.Sleep(time.Second)
		_ = lease.Unlock(t.Context())
		time.Sleep(soon)
		spans := w.spans.Ended()
		got := spans[len(spans)-1]
		if got.Name() != "redlock.lock" || got.Parent().SpanID() != parent.SpanContext().SpanID() {
			t.Errorf("got %s under %v, want redlock.lock under the caller's", got.Name(), got.Parent())
		}
		if took := got.EndTime().Sub(got.StartTime()); took != 10*time.Millisecond {
			t.Errorf("got a span of %v, want 10ms, as long as Lock took", took)
		}
		for key, want := range map[attribute.Key]string{
			"redlock.op": "lock", "redlock.outcome": "locked", "redlock.mode": "fenced", "redlock.nodes": "5", "redlock.need": "3",
			"redlock.rounds": "1", "redlock.hand_over": "false", "redlock.wait": "0", "redlock.ttl": "10",
		} {
			if one := get(got.Attributes(), key); one != want {
				t.Errorf("%s: got %q, want %q", key, one, want)
			}
		}
		answers := make(map[string]string)
		for _, e := range got.Events() {
			answers[get(e.Attributes, "redlock.node")] = get(e.Attributes, "redlock.outcome") + " " + get(e.Attributes, "redlock.after")
		}
		if len(got.Events()) != 5 || answers["10.0.0.1:6379"] != "error 0.2" || answers["10.0.0.5:6379"] != "yes 0.01" {
			t.Errorf("got the answers %v, want one of each of 5 nodes, that of the first an error after 0.2s", answers)
		}
		if got.Status().Code != codes.Unset {
			t.Errorf("got the status %v of a lock", got.Status())
		}
	})
}

// A span says why a lock failed, node by node, without the key, and whatever the cause of the caller's context says.
func TestSpanOfAFailure(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		const key = "patient/4711"
		w := newWorld(t, 3)
		l := w.locker(t, redlock.Config{})
		holder := mustLock(t, l, key)
		time.Sleep(time.Second) // its span ends with the last answer
		w.fail(2, memory.Dead)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("no time for "+key))
		defer cancel()
		if _, err := l.TryLock(ctx, key); !errors.Is(err, redlock.ErrNoQuorum) {
			t.Fatal(err)
		}
		if _, err := l.Lock(ctx, key+"/free"); !errors.Is(err, redlock.ErrNoQuorum) || !strings.Contains(err.Error(), key) {
			t.Fatal(err)
		}
		time.Sleep(soon)
		spans := w.spans.Ended()
		for _, one := range spans[len(spans)-2:] {
			if one.Status().Code != codes.Error || get(one.Attributes(), "error.type") != "no_quorum" {
				t.Errorf("%s: got %v, %s, want no_quorum", one.Name(), one.Status(), get(one.Attributes(), "error.type"))
			}
			if why := one.Status().Description; !strings.HasPrefix(why, "no quorum (need 2 of 3; 10.0.0.") {
				t.Errorf("%s: got %q, want it to name the nodes", one.Name(), why)
			}
			if said := text(one); strings.Contains(said, key) {
				t.Errorf("%s names the key: %s", one.Name(), said)
			}
		}
		_ = holder
	})
}

// Where an ACL keeps a key from the user, the error says which key it needs; a span does so only when it was asked for.
func TestSpanOfAForbiddenKey(t *testing.T) {
	for _, asked := range []bool{false, true} {
		faketime.Test(t, func(t *testing.T) {
			const key = "patient/4711"
			var options []otelredlock.Option
			if asked {
				options = append(options, otelredlock.WithKeyOnSpans())
			}
			w := newWorld(t, 3, options...)
			l := w.locker(t, redlock.Config{})
			mustLock(t, l, "other").Unlock(t.Context())
			time.Sleep(soon)
			for _, n := range w.nodes {
				n.SetError("NOPERM No permissions to access a key")
			}
			if _, err := l.TryLock(t.Context(), key); err == nil || !strings.Contains(err.Error(), "needs ~"+key) {
				t.Fatalf("got %v, want an error that names the rule", err)
			}
			time.Sleep(soon)
			spans := w.spans.Ended()
			got := spans[len(spans)-1]
			if len(got.Events()) == 0 || !strings.Contains(got.Status().Description, "the Redis user needs ~") {
				t.Errorf("got %s, want what the user needs", text(got))
			}
			if strings.Contains(text(got), key) != asked {
				t.Errorf("asked for the key: %v; got %s", asked, text(got))
			}
		})
	}
}

// TryLock on a held key is an outcome, and no error; no owner is named, and the key only when it was asked for.
func TestSpanOfARefusal(t *testing.T) {
	for _, asked := range []bool{false, true} {
		faketime.Test(t, func(t *testing.T) {
			const key = "patient/4711"
			var options []otelredlock.Option
			if asked {
				options = append(options, otelredlock.WithKeyOnSpans())
			}
			w := newWorld(t, 3, options...)
			l, other := w.locker(t, redlock.Config{}), w.locker(t, redlock.Config{})
			lease := mustLock(t, other, key)
			time.Sleep(time.Second) // its span ends with the last answer
			_, _ = l.TryLock(t.Context(), key)
			time.Sleep(soon)
			spans := w.spans.Ended()
			got := spans[len(spans)-1]
			if got.Name() != "redlock.try_lock" || get(got.Attributes(), "redlock.outcome") != "held" || got.Status().Code != codes.Unset {
				t.Errorf("got %s", text(got))
			}
			if strings.Contains(text(got), key) != asked || strings.Contains(text(got), lease.Owner()) {
				t.Errorf("asked for the key: %v; got %s", asked, text(got))
			}
		})
	}
}

// Every span ends, also those of calls that were given up while nodes hung, and under a closed locker.
func TestEverySpanEnds(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		l := w.locker(t, redlock.Config{NodeTimeout: 100 * time.Millisecond})
		w.fail(2, memory.Hung)
		for _, within := range []time.Duration{time.Millisecond, 50 * time.Millisecond, time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			_, _ = l.Lock(ctx, "k")
			cancel()
		}
		go func() { _, _ = l.Lock(context.Background(), "k") }()
		time.Sleep(10 * time.Millisecond)
		_ = l.Close()
		time.Sleep(soon)
		if started, ended := len(w.spans.Started()), len(w.spans.Ended()); started != 4 || ended != 4 {
			t.Errorf("got %d spans that began and %d that ended, want 4 of each", started, ended)
		}
		var outcomes []string
		for _, one := range w.spans.Ended() {
			outcomes = append(outcomes, get(one.Attributes(), "redlock.outcome"))
		}
		slices.Sort(outcomes)
		if want := []string{"closed", "no_quorum", "no_quorum", "no_quorum"}; !slices.Equal(outcomes, want) {
			t.Errorf("got the outcomes %v, want %v", outcomes, want)
		}
	})
}

// A call that its caller gives up says nothing about the nodes.
func TestCancelledIsNoOutage(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		l := w.locker(t, redlock.Config{})
		w.fail(3, memory.Hung)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		_, err := l.Lock(ctx, "k")
		if !errors.Is(err, redlock.ErrNoQuorum) {
			t.Fatal(err)
		}
		time.Sleep(soon)
		if got := w.series(t)["redlock.lock.duration{redlock.mode=fenced,redlock.op=lock,redlock.outcome=cancelled}"]; got.count != 1 {
			t.Errorf("got %v, want one cancelled call", w.series(t))
		}
	})
}

// The metrics of a lock come with its trace: a slow one in a histogram leads to its span.
func TestExemplarsNameTheSpan(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		l := w.locker(t, redlock.Config{})
		mustLock(t, l, "k").Unlock(t.Context())
		time.Sleep(soon)
		want := w.spans.Ended()[0].SpanContext().SpanID()
		for _, m := range w.scope(t).Metrics {
			if m.Name != "redlock.lock.duration" {
				continue
			}
			for _, p := range m.Data.(metricdata.Histogram[float64]).DataPoints {
				if len(p.Exemplars) == 1 && slices.Equal(p.Exemplars[0].SpanID, want[:]) {
					return
				}
			}
		}
		t.Error("got no exemplar with the lock's span")
	})
}
