package handbook

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

var measure = flag.Bool("measure", false, "measure what more nodes cost, and write it into docs/choosing.md")

const choosing = "docs/choosing.md"

// The table of TTLs is what the library makes of them.
func TestTableOfTTLs(t *testing.T) {
	page := pages(t)[choosing]
	for _, ttl := range []time.Duration{500 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second} {
		drift := clock.DefaultDrift.Of(ttl)
		guard := min(max(ttl/20, time.Millisecond), 250*time.Millisecond) // R8
		trusted, each := ttl-drift-guard, ttl/3
		row := fmt.Sprintf("| %v | %v | %v | %v | %v | %v |\n", ttl, drift, guard, trusted,
			each.Round(time.Millisecond), (trusted - each - each/10).Truncate(time.Millisecond)) // R7
		if !strings.Contains(page, row) {
			t.Errorf("%s does not have the row %s", choosing, row)
		}
	}
}

// The table of nodes is what a majority is.
func TestTableOfNodes(t *testing.T) {
	page := pages(t)[choosing]
	for nodes := 1; nodes <= 7; nodes++ {
		need := quorum.Majority(nodes).Need()
		if row := fmt.Sprintf("| %d | %d | %d |\n", nodes, need, nodes-need); !strings.Contains(page, row) {
			t.Errorf("%s does not have the row %s", choosing, row)
		}
	}
}

// cost is what one lock and its unlock took.
type cost struct {
	p50, cpu float64 // in milliseconds
}

// costs measures it on so many nodes, each a process of its own.
func costs(t *testing.T, nodes int) cost {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "bench", "--nodes", fmt.Sprintf("process:%d", nodes), "--workers", "1", "--duration", "3s", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var result struct {
		Cycle struct {
			P50 float64 `json:"p50_ms"`
		}
		Cost struct {
			CPU float64 `json:"cpu_ms"`
		}
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatal(err)
	}
	return cost{result.Cycle.P50, result.Cost.CPU}
}

var measured = regexp.MustCompile(`(?s)(<!-- measured: [^>]*-->\n\|[^\n]*\n\|[^\n]*\n)(.*?)(<!-- end -->)`)

// The table of what more nodes cost is a measurement: more nodes cost no less, and its shape is that of one. With -measure it
// is taken again, each number of nodes five times in turn, and the best of each counts.
func TestWhatMoreNodesCost(t *testing.T) {
	page := pages(t)[choosing]
	parts := measured.FindStringSubmatch(page)
	if parts == nil {
		t.Fatalf("%s has no table that is measured", choosing)
	}
	if *measure {
		best := map[int]cost{}
		for range 5 {
			for _, nodes := range []int{3, 5, 7} {
				one := costs(t, nodes)
				if b, taken := best[nodes]; taken {
					one = cost{min(b.p50, one.p50), min(b.cpu, one.cpu)}
				}
				best[nodes] = one
			}
		}
		rows := ""
		for _, nodes := range []int{3, 5, 7} {
			rows += fmt.Sprintf("| %d | %.2f times | %.2f times |\n", nodes, best[nodes].p50/best[3].p50, best[nodes].cpu/best[3].cpu)
		}
		page = strings.Replace(page, parts[0], parts[1]+rows+parts[3], 1)
		if err := os.WriteFile(root+"/"+choosing, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		parts = measured.FindStringSubmatch(page)
	}
	last := cost{1, 1}
	count := 0
	for row := range strings.Lines(parts[2]) {
		var nodes int
		var now cost
		if _, err := fmt.Sscanf(row, "| %d | %f times | %f times |\n", &nodes, &now.p50, &now.cpu); err != nil {
			t.Fatalf("%q: %v", row, err)
		}
		if nodes != 3+2*count || now.p50 < last.p50 || now.cpu < last.cpu || now.p50 > 5 || now.cpu > 5 {
			t.Errorf("got %q after %v: want 3, 5 and 7 nodes that cost more each time, and not five times as much", row, last)
		}
		last = now
		count++
	}
	if count != 3 || last.p50 == 1 {
		t.Errorf("got %d rows up to %v, want three, measured", count, last)
	}
}
