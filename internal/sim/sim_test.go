package sim

import (
	"encoding/json"
	"flag"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

var (
	seed     = flag.Uint64("seed", 1, "the first seed of TestSimulate, and the seed of TestSeed")
	duration = flag.Duration("duration", 0, "for how long TestSimulate runs; 0: a few seconds' worth of seeds")
)

// Whatever goes wrong, the invariants hold, in as many runs as there is time for.
func TestSimulate(t *testing.T) {
	series, began := Series{First: *seed, Count: 300, Cores: runtime.GOMAXPROCS(0)}, time.Now()
	if *duration > 0 {
		series.Count, series.Until = 0, began.Add(*duration)
	}
	total := series.Run(t.Context())
	took := time.Since(began)
	for i, v := range total.Violations {
		if i == 10 {
			t.Errorf("and %d more", len(total.Violations)-i)
			break
		}
		t.Errorf("seed %d: %v\ntold by: redlock sim --seed %d", v.Seed, v, v.Seed)
	}
	t.Logf("\n%s", total.Table(took, series.Cores))
	if err := total.Enough(); err != nil && len(total.Violations) == 0 {
		t.Error(err)
	}
	record(t, "simulate", total.Figures(took, series.Cores))
}

// record appends figures of a test to the file that QUORUMLOCK_RECORD names, one object on a line.
func record(t *testing.T, test string, figures map[string]float64) {
	t.Helper()
	name := os.Getenv("QUORUMLOCK_RECORD")
	if name == "" {
		return
	}
	line, err := json.Marshal(map[string]any{"test": test, "figures": figures})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(append(line, '\n'))
	if closing := f.Close(); err != nil || closing != nil {
		t.Fatal(err, closing)
	}
}

// One seed, told as a story when it fails: shrunk first, so that little is left that has nothing to do with it.
func TestSeed(t *testing.T) {
	cfg := Draw(*seed)
	faults := Faults(cfg)
	r := Run(cfg, faults, nil)
	t.Logf("%+v\n%s", cfg, r.Table(0, 1))
	if len(r.Violations) == 0 {
		return
	}
	t.Errorf("seed %d: %v", *seed, r.Violations)
	cfg, faults = Shrink(t.Context(), cfg, faults, r.Violations[0].Rule)
	var story strings.Builder
	Run(cfg, faults, write(&story))
	t.Logf("%+v\n%s", cfg, story.String())
}

func write(b *strings.Builder) func(Line) {
	return func(l Line) { b.WriteString(l.String() + "\n") }
}

// A run is a function of its seed: told twice, the story is the same, and telling it changes nothing.
func TestRunIsDeterministic(t *testing.T) {
	for s := uint64(1); s <= 10; s++ {
		cfg := Draw(s)
		cfg.Horizon /= 2
		var first, second strings.Builder
		a := Run(cfg, Faults(cfg), write(&first))
		b := Run(cfg, Faults(cfg), write(&second))
		c := Run(cfg, Faults(cfg), nil)
		if first.String() != second.String() {
			t.Errorf("seed %d: got two stories", s)
		}
		if a.Table(0, 1) != b.Table(0, 1) || a.Table(0, 1) != c.Table(0, 1) {
			t.Errorf("seed %d: got\n%s\nand\n%s\nand\n%s", s, a.Table(0, 1), b.Table(0, 1), c.Table(0, 1))
		}
	}
}

// A series comes to the same on one core as on many, whichever runs end first.
func TestSeriesIsTheSameOnManyCores(t *testing.T) {
	series := Series{First: 1, Count: 16, Cores: 1, Mutant: Canary}
	alone := series.Run(t.Context())
	series.Cores = 5
	shared := series.Run(t.Context())
	if got, want := shared.Table(0, 1), alone.Table(0, 1); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(alone.Violations) == 0 || len(shared.Violations) != len(alone.Violations) {
		t.Fatalf("got %d violations of a mutant on one core and %d on five", len(alone.Violations), len(shared.Violations))
	}
	for i, v := range shared.Violations {
		if v != alone.Violations[i] {
			t.Errorf("got %v want %v", v, alone.Violations[i])
		}
	}
}
