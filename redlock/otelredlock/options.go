package otelredlock

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Option changes what [Observer] does.
type Option func(*settings)

type settings struct {
	meters  metric.MeterProvider
	tracers trace.TracerProvider
	base    []attribute.KeyValue
	key     bool
}

// WithMeterProvider names where the metrics go. The default is the global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(s *settings) { s.meters = p }
}

// WithTracerProvider names where the spans go. The default is the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(s *settings) { s.tracers = p }
}

// WithAttributes adds attributes to every measurement and to every span: the name of the deployment, where a process locks
// on several. Every value is another series in every metric: give few.
func WithAttributes(attributes ...attribute.KeyValue) Option {
	return func(s *settings) { s.base = append(s.base, attributes...) }
}

// WithKeyOnSpans puts the key of a lock on its span, as redlock.key. Whoever reads the traces then reads the keys.
func WithKeyOnSpans() Option {
	return func(s *settings) { s.key = true }
}

func settingsOf(options []Option) settings {
	var s settings
	for _, option := range options {
		option(&s)
	}
	if s.meters == nil {
		s.meters = otel.GetMeterProvider()
	}
	if s.tracers == nil {
		s.tracers = otel.GetTracerProvider()
	}
	return s
}
