package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/perf/benchfmt"

	"github.com/quorumlock/quorumlock/internal/report"
)

// Every file is there and can be read by those it is for, and they agree.
func TestFilesAgree(t *testing.T) {
	cfg := short()
	cfg.Faults = []Fault{{Kind: Pause, Count: 1, At: 100 * time.Millisecond, For: 50 * time.Millisecond}}
	r := mustRun(t, cfg)
	dir := t.TempDir()
	if err := WriteFiles(dir, r); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}

	var got Result
	if err := json.Unmarshal([]byte(read("result.json")), &got); err != nil || got.Completed != r.Completed {
		t.Errorf("result.json: got %d cycles, %v; want %d", got.Completed, err, r.Completed)
	}

	lines := benchfmt.NewReader(strings.NewReader(read("bench.txt")), "bench.txt")
	units := map[string]float64{}
	count := 0
	for lines.Scan() {
		one, ok := lines.Result().(*benchfmt.Result)
		if !ok {
			t.Fatalf("bench.txt: %v", lines.Result())
		}
		count++
		if strings.HasPrefix(string(one.Name), "Cycle/") {
			for _, v := range one.Values {
				units[v.Unit] = v.Value
			}
			if one.Iters != int(r.Completed) || one.GetConfig("redis") != "none (miniredis)" {
				t.Errorf("bench.txt: got %d iterations on Redis %q", one.Iters, one.GetConfig("redis"))
			}
		}
	}
	if count != 3 || units["locks/s"] != r.PerSecond || units["p99-sec/op"] != time.Duration(r.Cycle.P99).Seconds() || units["sec/op"] == 0 || units["allocs/op"] == 0 {
		t.Errorf("bench.txt: got %d lines, a cycle of %v", count, units)
	}

	if text := read("cycle.hgrm"); !strings.Contains(text, "Percentile") || !strings.Contains(text, "#[Max") {
		t.Errorf("cycle.hgrm: got %q", text)
	}
	log := hdrhistogram.NewHistogramLogReader(strings.NewReader(read("cycle.hlog")))
	var logged int64
	for {
		h, err := log.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		logged += h.TotalCount()
	}
	if logged != r.Cycle.Count {
		t.Errorf("cycle.hlog: got %d cycles, want %d", logged, r.Cycle.Count)
	}

	page := read("index.html")
	if found := report.References(page); len(found) > 0 {
		t.Errorf("index.html: got references %q, want none", found)
	}
	for _, want := range []string{"not Redis figures", "Latency by percentile", "Latency over time", "Throughput over time", ">pause:1<", "vote 2 of 3"} {
		if !strings.Contains(page, want) {
			t.Errorf("index.html: got no %q", want)
		}
	}
}
