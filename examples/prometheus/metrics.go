package main

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// metrics is OpenTelemetry's SDK, with a handler that Prometheus scrapes.
type metrics struct {
	provider *metric.MeterProvider
	handler  http.Handler
}

func newMetrics() (*metrics, error) {
	registry := prometheus.NewRegistry()
	// The dashboard and the rules know metrics by the names that this makes: redlock.lock.duration in seconds becomes
	// redlock_lock_duration_seconds.
	names := otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes)
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), names, otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	return &metrics{
		provider: metric.NewMeterProvider(metric.WithReader(exporter)),
		handler:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}), // with exemplars
	}, nil
}

func (m *metrics) shutdown() { _ = m.provider.Shutdown(context.Background()) }
