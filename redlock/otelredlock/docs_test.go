package otelredlock_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/redlock"
)

// docs/metrics.md lists the instruments that there are, with their kinds and units.
func TestInstrumentsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `(redlock\\.[a-z.]+)` \\| ([a-z -]+) \\| `([^`]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = row[2] + " in " + row[3]
	}
	faketime.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		l := w.locker(t, redlock.Config{})
		_ = mustLock(t, l, "k").Unlock(t.Context())
		time.Sleep(soon)
		for _, m := range w.scope(t).Metrics {
			got := kind(m.Data) + " in " + m.Unit
			if documented[m.Name] != got {
				t.Errorf("%s is a %s, documented as %q", m.Name, got, documented[m.Name])
			}
			if !strings.HasSuffix(m.Description, ".") {
				t.Errorf("%s: got the description %q, want a sentence", m.Name, m.Description)
			}
			delete(documented, m.Name)
		}
		for name := range documented {
			t.Errorf("%s is documented and was not measured", name)
		}
		if got := w.scope(t).Scope; got.Name != "github.com/quorumlock/quorumlock/redlock/otelredlock" || got.Version == "" {
			t.Errorf("got the scope %+v", got)
		}
	})
}

func kind(data metricdata.Aggregation) string {
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		if data.IsMonotonic {
			return "counter"
		}
		return "up-down counter"
	default:
		return "histogram"
	}
}
