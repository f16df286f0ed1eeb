package otelredlock

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Attributes of metrics and spans.
const (
	opKey      = attribute.Key("redlock.op")
	outcomeKey = attribute.Key("redlock.outcome")
	nodeKey    = attribute.Key("redlock.node")
	modeKey    = attribute.Key("redlock.mode")
)

// labels are the attributes of one measurement; an empty one is left out.
type labels struct {
	op, outcome, node, mode string
}

// measured is the options that come with a measurement. It is made once for each labels, so that measuring allocates nothing.
type measured struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

// sets has what comes with measurements, by their labels. It is safe for concurrent use.
type sets struct {
	base  []attribute.KeyValue
	known atomic.Pointer[map[labels]measured]
	mu    sync.Mutex // guards known's being replaced
}

func newSets(base []attribute.KeyValue) *sets {
	s := &sets{base: base}
	s.known.Store(&map[labels]measured{})
	return s
}

// of returns what comes with a measurement that has the labels.
func (s *sets) of(l labels) measured {
	if m, ok := (*s.known.Load())[l]; ok {
		return m
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := (*s.known.Load())[l]; ok {
		return m
	}
	all := slices.Clone(s.base)
	for key, value := range map[attribute.Key]string{opKey: l.op, outcomeKey: l.outcome, nodeKey: l.node, modeKey: l.mode} {
		if value != "" {
			all = append(all, key.String(value))
		}
	}
	option := metric.WithAttributeSet(attribute.NewSet(all...))
	m := measured{add: []metric.AddOption{option}, record: []metric.RecordOption{option}}
	known := maps.Clone(*s.known.Load())
	known[l] = m
	s.known.Store(&known)
	return m
}
