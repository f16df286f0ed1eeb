// Package otelredlock tells OpenTelemetry what becomes of locks: metrics of how long they take and are held, what each
// node answers and what is lost, and a span for every Lock and TryLock with an event for every node's answer.
//
//	cfg := redlock.Config{Observer: otelredlock.Observer()}
//
// That uses the global providers; [WithMeterProvider] and [WithTracerProvider] name others. One observer may serve any number
// of lockers, and [WithAttributes] tells several of them apart. No key is ever an attribute of a metric: there may be any
// number of them, and they may tell of people. A span has it only after [WithKeyOnSpans].
//
// The package is a module of its own, so that a service which does not use it has nothing of OpenTelemetry in its list of
// modules. The instruments and what to watch are described in docs/metrics.md.
package otelredlock
