package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/lock"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
)

// The help page and the docs name every preset and every locker that is wrong on purpose.
func TestChaosDocsAreComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/chaos.md")
	if err != nil {
		t.Fatal(err)
	}
	docs := string(text)
	for _, s := range plan.Presets() {
		if !strings.Contains(chaosPage, "\n    "+s.Name+" ") {
			t.Errorf("the help does not name the preset %s", s.Name)
		}
		if !strings.Contains(docs, "| `"+s.Name+"` |") {
			t.Errorf("the docs do not name the preset %s", s.Name)
		}
	}
	for _, l := range lock.Names() {
		if !strings.Contains(chaosPage, "\n    "+l.Name+" ") {
			t.Errorf("the help does not name %s", l.Name)
		}
		row := strings.Index(docs, "| `"+l.Name+"` |")
		if row < 0 || !strings.Contains(docs[row:row+strings.IndexByte(docs[row:], '\n')], "`"+l.Checks[0]+"`") {
			t.Errorf("the docs do not say that %s is found by %s", l.Name, l.Checks[0])
		}
	}
}

// The scenario in the docs is one, and has a node for each of its faults.
func TestScenarioInTheDocsCanBePlayed(t *testing.T) {
	text, err := os.ReadFile("../../docs/chaos.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("there is none")
	}
	s, err := plan.Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(plan.Ground{Nodes: 5, TTL: 2 * time.Second, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Strikes) < 6 {
		t.Errorf("got %d faults, want those of two cycles, and some that are drawn", len(p.Strikes))
	}
}
