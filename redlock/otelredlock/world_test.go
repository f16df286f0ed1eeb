package otelredlock_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/otelredlock"
)

// go-redis tells standard error of every connection that it cannot open.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	os.Exit(m.Run())
}

// world is nodes in memory, and what the SDK was told of locks on them.
type world struct {
	nodes   []*memory.Node
	options []otelredlock.Option
	reader  *metric.ManualReader
	spans   *tracetest.SpanRecorder
	tracers *trace.TracerProvider
}

func newWorld(t *testing.T, nodes int, options ...otelredlock.Option) *world {
	w := &world{reader: metric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	for i := range nodes {
		n := memory.New("10.0.0." + strconv.Itoa(i+1) + ":6379")
		t.Cleanup(n.Close)
		w.nodes = append(w.nodes, n)
	}
	w.tracers = trace.NewTracerProvider(trace.WithSpanProcessor(w.spans))
	meters := metric.NewMeterProvider(metric.WithReader(w.reader))
	w.options = append(options, otelredlock.WithMeterProvider(meters), otelredlock.WithTracerProvider(w.tracers))
	return w
}

// locker returns a locker on the nodes that is observed, and has looked at them.
func (w *world) locker(t *testing.T, cfg redlock.Config) *redlock.Locker {
	t.Helper()
	clients := make([]redis.UniversalClient, len(w.nodes))
	for i, n := range w.nodes {
		client := redis.NewClient(&redis.Options{Addr: n.Name, Dialer: n.Connect})
		t.Cleanup(func() {
			_ = client.Close()
			time.Sleep(10 * time.Second) // its pool goes on dialing for a while
		})
		clients[i] = client
	}
	cfg.Fresh, cfg.Observer = true, otelredlock.Observer(w.options...)
	l, err := redlock.New(clients, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	synctest.Wait()
	return l
}

func (w *world) fail(count int, f memory.Fault) {
	for _, n := range w.nodes[:count] {
		n.Set(f)
	}
}

// scope returns what the reader has now.
func (w *world) scope(t *testing.T) metricdata.ScopeMetrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := w.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.ScopeMetrics) != 1 {
		t.Fatalf("got %d scopes, want one", len(all.ScopeMetrics))
	}
	return all.ScopeMetrics[0]
}

// point is one series, whatever its kind.
type point struct {
	value float64 // of a counter; of a histogram: its sum
	count uint64  // of a histogram
}

// series returns all series by their names and attributes, like "redlock.lock.wait{redlock.op=lock}".
func (w *world) series(t *testing.T) map[string]point {
	t.Helper()
	all := make(map[string]point)
	for _, m := range w.scope(t).Metrics {
		note := func(set attribute.Set, p point) {
			text := set.Encoded(attribute.DefaultEncoder())
			if text != "" {
				text = "{" + text + "}"
			}
			all[m.Name+text] = p
		}
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				note(p.Attributes, point{value: float64(p.Value)})
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				note(p.Attributes, point{value: p.Sum, count: p.Count})
			}
		case metricdata.Histogram[int64]:
			for _, p := range data.DataPoints {
				note(p.Attributes, point{value: float64(p.Sum), count: p.Count})
			}
		default:
			t.Errorf("%s: got %T", m.Name, m.Data)
		}
	}
	return all
}

func mustLock(t *testing.T, l *redlock.Locker, key string) *redlock.Lease {
	t.Helper()
	lease, err := l.Lock(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

// soon is long enough for every answer to have come.
const soon = 3 * time.Second
