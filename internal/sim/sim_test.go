package sim

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var (
	seed     = flag.Uint64("seed", 1, "the first seed of TestSimulate, and the seed of TestSeed")
	duration = flag.Duration("duration", 0, "for how long TestSimulate runs; 0: a few seconds' worth of seeds")
	jsonFile = flag.String("json", "", "write what TestSimulate counted to this file")
)

// Whatever goes wrong, the invariants hold, in as many runs as there is time for.
func TestSimulate(t *testing.T) {
	total, began := &Report{}, time.Now()
	failed := 0
	for s := *seed; ; s++ {
		if *duration == 0 && s >= *seed+100 || *duration != 0 && time.Since(began) >= *duration {
			break
		}
		cfg := Draw(s)
		r := Run(cfg, Faults(cfg), nil)
		total.Add(r)
		if r.Acquired == 0 && !cfg.Beyond {
			t.Errorf("seed %d: nobody got anything: the run proves nothing", s)
		}
		if len(r.Violations) > 0 {
			t.Errorf("seed %d: %v\nagain with: go test ./internal/sim -run TestSeed -seed %d -v", s, r.Violations[0], s)
			if failed++; failed >= 10 {
				break
			}
		}
	}
	took := time.Since(began)
	t.Logf("\n%s", total.Table(took))
	if err := total.Enough(); err != nil && failed == 0 {
		t.Error(err)
	}
	if *jsonFile != "" {
		data, err := json.MarshalIndent(total.Summary(*seed, took), "", "  ")
		if err == nil {
			err = os.WriteFile(*jsonFile, append(data, '\n'), 0o644)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// One seed, told as a story when it fails: shrunk first, so that little is left that has nothing to do with it.
func TestSeed(t *testing.T) {
	cfg := Draw(*seed)
	faults := Faults(cfg)
	r := Run(cfg, faults, nil)
	t.Logf("%+v\n%s", cfg, r.Table(0))
	if len(r.Violations) == 0 {
		return
	}
	t.Errorf("seed %d: %v", *seed, r.Violations)
	cfg, faults = Shrink(cfg, faults, r.Violations[0].Rule)
	var story strings.Builder
	for _, f := range faults {
		fmt.Fprintf(&story, "%v %v\n", f.At, f)
	}
	Run(cfg, faults, &story)
	t.Logf("%+v\n%s", cfg, story.String())
}

// A run is a function of its seed: told twice, the story is the same, and telling it changes nothing.
func TestRunIsDeterministic(t *testing.T) {
	for s := uint64(1); s <= 10; s++ {
		cfg := Draw(s)
		cfg.Horizon /= 2
		var first, second strings.Builder
		a := Run(cfg, Faults(cfg), &first)
		b := Run(cfg, Faults(cfg), &second)
		c := Run(cfg, Faults(cfg), nil)
		if first.String() != second.String() {
			t.Errorf("seed %d: got two stories", s)
		}
		if a.Table(0) != b.Table(0) || a.Table(0) != c.Table(0) {
			t.Errorf("seed %d: got\n%s\nand\n%s\nand\n%s", s, a.Table(0), b.Table(0), c.Table(0))
		}
	}
}
