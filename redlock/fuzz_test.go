package redlock

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// A configuration is either refused, or leaves a window that is shorter than the TTL and longer than nothing, and a
// quarantine that covers the longest TTL.
func FuzzConfig(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0), 0.0, int64(0), int64(0), int64(0), uint8(0), "")
	f.Add(int64(time.Second), int64(time.Minute), int64(time.Millisecond), 0.5, int64(1), int64(2), int64(3), uint8(1), "a b")
	f.Fuzz(func(t *testing.T, ttl, maxTTL, timeout int64, rate float64, floor, hold, backoff int64, mode uint8, deployment string) {
		cfg, err := Config{
			TTL: time.Duration(ttl), MaxTTL: time.Duration(maxTTL), NodeTimeout: time.Duration(timeout),
			Drift: clock.Drift{Rate: rate, Floor: time.Duration(floor)}, MaxHold: time.Duration(hold),
			Backoff: Backoff{Min: time.Duration(backoff), Max: time.Duration(backoff)}, Mode: Mode(mode), Deployment: deployment,
		}.complete()
		if err != nil {
			return
		}
		p := cfg.params(5)
		start := clock.At(0, 0)
		window := clock.NewWindow(start, p.TTL, p.Drift)
		switch left := window.Left(start); {
		case left <= p.Guard, left > p.TTL:
			t.Errorf("%+v: got a window of %v", cfg, left)
		case window.Left(start.Add(p.TTL)) != 0:
			t.Errorf("%+v: got a window that is open after the TTL", cfg)
		}
		if q := cfg.node(5).Policy.Quarantine(); q < cfg.TTL {
			t.Errorf("%+v: got a quarantine of %v", cfg, q)
		}
		if cfg.TTL%time.Millisecond != 0 || cfg.TTL > cfg.MaxTTL || cfg.MaxHold < 0 {
			t.Errorf("got %+v", cfg)
		}
	})
}
