package otelredlock

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// instruments are what is measured. docs/metrics.md lists them.
type instruments struct {
	lock    metric.Float64Histogram
	wait    metric.Float64Histogram
	rounds  metric.Int64Histogram
	queue   metric.Int64UpDownCounter
	hold    metric.Float64Histogram
	held    metric.Int64UpDownCounter
	extends metric.Int64Counter
	lost    metric.Int64Counter
	answers metric.Int64Counter
	answer  metric.Float64Histogram
}

// Where the buckets of histograms end. A lock on near nodes takes a fraction of a millisecond, a wait anything, and a node
// that says nothing is given up after NodeTimeout, half a second unless said otherwise.
var (
	latencies = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	answering = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1}
	holds     = []float64{.001, .01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 1800, 7200}
	tries     = []float64{0, 1, 2, 3, 5, 8, 13, 21, 34}
)

// newInstruments makes the instruments. What cannot be made measures nothing, and the error goes where OpenTelemetry's
// errors go: a service must not fail for want of its metrics.
func newInstruments(meter metric.Meter) *instruments {
	var i instruments
	var errs [10]error
	i.lock, errs[0] = meter.Float64Histogram("redlock.lock.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(latencies...),
		metric.WithDescription("How long Lock and TryLock took, from the call to its return, with a lease or without."))
	i.wait, errs[1] = meter.Float64Histogram("redlock.lock.wait", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(latencies...),
		metric.WithDescription("How much of that had passed when the round began that won the lease: the wait for others."))
	i.rounds, errs[2] = meter.Int64Histogram("redlock.lock.rounds", metric.WithUnit("{round}"), metric.WithExplicitBucketBoundaries(tries...),
		metric.WithDescription("How many rounds of asking the nodes a lease took; 0 when it was handed over in this process."))
	i.queue, errs[3] = meter.Int64UpDownCounter("redlock.queue.depth", metric.WithUnit("{call}"),
		metric.WithDescription("Calls of Lock in this process that do not have their key yet."))
	i.hold, errs[4] = meter.Float64Histogram("redlock.lease.hold", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(holds...),
		metric.WithDescription("How long a lease was held, from the return of Lock to its end."))
	i.held, errs[5] = meter.Int64UpDownCounter("redlock.lease.held", metric.WithUnit("{lease}"),
		metric.WithDescription("Leases that this process holds."))
	i.extends, errs[6] = meter.Int64Counter("redlock.lease.extends", metric.WithUnit("{extend}"),
		metric.WithDescription("Extends of leases that were decided."))
	i.lost, errs[7] = meter.Int64Counter("redlock.lease.lost", metric.WithUnit("{lease}"),
		metric.WithDescription("Leases that ended before their holder unlocked them."))
	i.answers, errs[8] = meter.Int64Counter("redlock.node.answers", metric.WithUnit("{answer}"),
		metric.WithDescription("What a node answered; with op lock and outcome yes: its grants."))
	i.answer, errs[9] = meter.Float64Histogram("redlock.node.answer.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(answering...),
		metric.WithDescription("How long after the beginning of its round a node answered, with yes or no."))
	if err := errors.Join(errs[:]...); err != nil {
		otel.Handle(err)
	}
	return &i
}

// begin has the counters stand at 0 from the beginning on that should never move: an increase from nothing to 1 is seen
// by no alert.
func (i *instruments) begin(ctx context.Context, s *sets) {
	i.lost.Add(ctx, 0, s.of(labels{}).add...)
	for _, outcome := range []string{outcomeExtended, outcomeNoQuorum} {
		i.extends.Add(ctx, 0, s.of(labels{outcome: outcome}).add...)
	}
	i.queue.Add(ctx, 0, s.of(labels{}).add...)
	i.held.Add(ctx, 0, s.of(labels{}).add...)
}
