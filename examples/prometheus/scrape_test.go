package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// patience is how long the service may take to show everything, on a machine that does much else.
const patience = time.Minute

// started is the example, with nodes in this process to lock on.
type started struct {
	nodes []*miniredis.Miniredis
	url   string
}

// start runs the example until the test ends.
func start(t *testing.T) *started {
	t.Helper()
	var s started
	var addrs []string
	for range 3 {
		m := miniredis.RunT(t)
		s.nodes, addrs = append(s.nodes, m), append(addrs, m.Addr())
	}
	ctx, cancel := context.WithCancel(t.Context())
	said, out := io.Pipe()
	over := make(chan error, 1)
	go func() {
		over <- run(ctx, []string{"-listen", "127.0.0.1:0", "-nodes", strings.Join(addrs, ","), "-fresh", "-ttl", "300ms"}, out)
		_ = out.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil && !strings.Contains(err.Error(), "close") {
			t.Errorf("run: %v", err)
		}
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatalf("got %v (%q), want a line that says where the metrics are", err, line)
	}
	s.url = strings.TrimSpace(strings.TrimPrefix(line, "metrics: "))
	return &s
}

// scrape asks for the metrics, as Prometheus does, and returns each series with its name and labels.
func (s *started) scrape(t *testing.T) []labels.Labels {
	t.Helper()
	resp, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("got %s", resp.Status)
	}
	textParser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := textParser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all []labels.Labels
	for name, family := range families {
		for _, m := range family.Metric {
			for _, suffix := range suffixes[family.GetType()] {
				all = append(all, seriesOf(name+suffix, m))
			}
		}
	}
	return all
}

// suffixes are what the series of a family are called, behind its name.
var suffixes = map[dto.MetricType][]string{
	dto.MetricType_COUNTER:   {""},
	dto.MetricType_GAUGE:     {""},
	dto.MetricType_HISTOGRAM: {"_bucket", "_sum", "_count"},
}

// seriesOf returns a series as Prometheus stores it.
func seriesOf(name string, m *dto.Metric) labels.Labels {
	b := labels.NewBuilder(labels.EmptyLabels()).Set(model.MetricNameLabel, name).Set("job", "quorumlock").Set("instance", "127.0.0.1:9464")
	for _, l := range m.Label {
		b.Set(l.GetName(), l.GetValue())
	}
	return b.Labels()
}

// missing returns the selectors of the queries that no series matches.
func missing(t *testing.T, queries []string, series []labels.Labels) []string {
	t.Helper()
	var none []string
	for _, query := range queries {
		for _, selector := range selectors(t, query) {
			if !matches(selector, series) {
				none = append(none, selector.String())
			}
		}
	}
	return none
}

func matches(selector *parser.VectorSelector, series []labels.Labels) bool {
	for _, one := range series {
		all := true
		for _, m := range selector.LabelMatchers {
			all = all && m.Matches(one.Get(m.Name))
		}
		if all {
			return true
		}
	}
	return false
}

// Every series that the dashboard and the rules name is there in a real scrape of a service that has met what they are about:
// a node that dies, then a majority.
func TestScrapeHasWhatIsAskedFor(t *testing.T) {
	queries := append(dashboardQueries(t), ruleQueries(t)...)
	s := start(t)
	s.nodes[0].Close()
	time.Sleep(time.Second)
	s.nodes[1].Close()
	var none []string
	for began := time.Now(); time.Since(began) < patience; time.Sleep(100 * time.Millisecond) {
		if none = missing(t, queries, s.scrape(t)); len(none) == 0 {
			return
		}
	}
	for _, one := range none {
		t.Errorf("no series is like %s", one)
	}
	for _, one := range s.scrape(t) {
		if !strings.HasSuffix(one.Get(model.MetricNameLabel), "_bucket") {
			t.Log(one)
		}
	}
}

// Nothing in a scrape names a key.
func TestScrapeNamesNoKey(t *testing.T) {
	s := start(t)
	for began := time.Now(); time.Since(began) < patience; time.Sleep(100 * time.Millisecond) {
		series := s.scrape(t)
		if len(missing(t, []string{`redlock_lease_hold_seconds_count`}, series)) > 0 {
			continue
		}
		for _, one := range series {
			if strings.Contains(one.String(), "orders") {
				t.Errorf("got %s", one)
			}
		}
		return
	}
	t.Fatal("got no lease in time")
}
