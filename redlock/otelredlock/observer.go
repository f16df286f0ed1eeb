package otelredlock

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/quorumlock/quorumlock/redlock"
)

// observer tells OpenTelemetry. It is safe for concurrent use.
type observer struct {
	*instruments
	*sets
	tracer trace.Tracer
	key    bool // goes on spans
	once   sync.Once
}

// Observer returns what to set as [redlock.Config.Observer]. It does not fail: an instrument that cannot be made measures
// nothing, and OpenTelemetry's error handler is told. It serves any number of lockers at a time, and owns nothing that
// would have to be closed.
//
// Spans end in the middle of the locker's work: have the SDK export them in batches (WithBatcher), and not at once
// (WithSyncer), which holds up the locks until the collector has answered.
func Observer(options ...Option) *redlock.Observer {
	s := settingsOf(options)
	o := &observer{
		instruments: newInstruments(s.meters.Meter(scope, metric.WithInstrumentationVersion(version()))),
		sets:        newSets(s.base),
		tracer:      s.tracers.Tracer(scope, trace.WithInstrumentationVersion(version())),
		key:         s.key,
	}
	o.begin(context.Background(), o.sets)
	return &redlock.Observer{Began: o.began, Answered: o.answered, Locked: o.locked, Extended: o.extended, Ended: o.ended}
}

func (o *observer) began(ctx context.Context, b redlock.Began) context.Context {
	// Once more: what the global provider was told before it was set is lost.
	o.once.Do(func() { o.begin(ctx, o.sets) })
	if !b.Try {
		o.queue.Add(ctx, 1, o.of(labels{}).add...)
	}
	return o.beginSpan(ctx, b)
}

func (o *observer) answered(ctx context.Context, a redlock.Answer) {
	outcome := answerOutcome(a)
	o.answers.Add(ctx, 1, o.of(labels{op: a.Op, node: a.Addr, outcome: outcome}).add...)
	if a.Err == nil {
		o.answer.Record(ctx, a.After.Seconds(), o.of(labels{op: a.Op, node: a.Addr}).record...)
	}
	if s := spanOf(ctx); s != nil {
		s.answered(a)
	}
}

func (o *observer) locked(ctx context.Context, l redlock.Locked) {
	op, outcome := opOf(l.Try), callOutcome(ctx, l)
	if !l.Try {
		o.queue.Add(ctx, -1, o.of(labels{}).add...)
	}
	o.lock.Record(ctx, l.Waited.Seconds(), o.of(labels{op: op, outcome: outcome, mode: modeOf(l.Mode)}).record...)
	if l.Err == nil {
		of := o.of(labels{op: op})
		o.wait.Record(ctx, (l.Waited - l.Took).Seconds(), of.record...)
		o.rounds.Record(ctx, int64(l.Rounds), of.record...)
		o.held.Add(ctx, 1, o.of(labels{}).add...)
	}
	if s := spanOf(ctx); s != nil {
		s.locked(l, outcome)
	}
}

func (o *observer) extended(ctx context.Context, e redlock.Extended) {
	outcome := outcomeExtended
	if e.Err != nil {
		outcome = outcomeNoQuorum
	}
	o.extends.Add(ctx, 1, o.of(labels{outcome: outcome}).add...)
}

func (o *observer) ended(ctx context.Context, e redlock.Ended) {
	o.held.Add(ctx, -1, o.of(labels{}).add...)
	o.hold.Record(ctx, e.Held.Seconds(), o.of(labels{outcome: leaseOutcome(e)}).record...)
	if errors.Is(e.Err, redlock.ErrLost) {
		o.lost.Add(ctx, 1, o.of(labels{}).add...)
	}
}
