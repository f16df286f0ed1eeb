package otelredlock

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/quorumlock/quorumlock/redlock"
)

// span is the span of one Lock or TryLock. It ends with the call's return, and is kept open behind that until every node
// has answered that was asked: the slow one, which nobody waits for, is often the one that is looked for. Each answers or
// fails within about NodeTimeout. It is safe for concurrent use.
type span struct {
	trace.Span
	hidden string // the key, which no text may name; empty when it may

	mu       sync.Mutex
	answers  int       // guarded by mu; to its grants, so far
	asked    int       // guarded by mu; how many there will be; meaningful when it has returned
	returned time.Time // guarded by mu; zero before that
}

type spanKey struct{}

// spanOf returns the span that goes along with ctx; nil when nobody records it.
func spanOf(ctx context.Context) *span {
	s, _ := ctx.Value(spanKey{}).(*span)
	return s
}

// beginSpan begins the span of a call.
func (o *observer) beginSpan(ctx context.Context, b redlock.Began) context.Context {
	attributes := append([]attribute.KeyValue{
		opKey.String(opOf(b.Try)),
		modeKey.String(modeOf(b.Mode)),
		attribute.Float64("redlock.ttl", b.TTL.Seconds()),
		attribute.Int("redlock.nodes", b.Nodes),
		attribute.Int("redlock.need", b.Need),
	}, o.base...)
	if o.key {
		attributes = append(attributes, attribute.String("redlock.key", b.Key))
	}
	ctx, one := o.tracer.Start(ctx, "redlock."+opOf(b.Try), trace.WithAttributes(attributes...))
	if !one.IsRecording() {
		return ctx
	}
	s := &span{Span: one}
	if !o.key {
		s.hidden = b.Key
	}
	return context.WithValue(ctx, spanKey{}, s)
}

// discreet is what a node said, without the key: an error about an ACL names the pattern for it that a user lacks.
func (s *span) discreet(text string) string {
	if s.hidden == "" {
		return text
	}
	return strings.ReplaceAll(text, "~"+s.hidden+",", "~KEY,")
}

// answered adds an event.
func (s *span) answered(a redlock.Answer) {
	if a.Op != "lock" && a.Op != "raise" {
		return // of the lease, which has no span
	}
	attributes := []attribute.KeyValue{
		nodeKey.String(a.Addr),
		opKey.String(a.Op),
		outcomeKey.String(answerOutcome(a)),
		attribute.Float64("redlock.after", a.After.Seconds()),
		attribute.Int("redlock.votes", a.Votes),
	}
	if a.Err != nil {
		attributes = append(attributes, attribute.String("redlock.error", s.discreet(a.Err.Error())))
	}
	s.AddEvent("redlock.answer", trace.WithAttributes(attributes...))
	if a.Op != "lock" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers++
	s.endIfAllAnswered()
}

// locked ends the span, as soon as every node has answered.
func (s *span) locked(l redlock.Locked, outcome string) {
	s.SetAttributes(
		outcomeKey.String(outcome),
		attribute.Int("redlock.rounds", l.Rounds),
		attribute.Bool("redlock.hand_over", l.HandOver),
		attribute.Float64("redlock.wait", (l.Waited-l.Took).Seconds()),
	)
	// A TryLock that finds the key held has done what it is for.
	if l.Err != nil && !(l.Try && outcome == outcomeHeld) {
		s.SetAttributes(attribute.String("error.type", outcome))
		s.SetStatus(codes.Error, s.discreet(describe(outcome, l.Err)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.returned = l.Asked, time.Now()
	s.endIfAllAnswered()
}

// endIfAllAnswered ends the span at the time of its return. Callers hold mu.
func (s *span) endIfAllAnswered() {
	if !s.returned.IsZero() && s.answers >= s.asked {
		s.End(trace.WithTimestamp(s.returned))
	}
}
