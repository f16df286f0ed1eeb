package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/record"
)

// A suite that recorded nothing, found what must not be, left something out of a whole, or did too little, is a failure.
func TestJudge(t *testing.T) {
	s := suite{counts: []string{"locks"}, never: []string{"violations"}, whole: map[string]string{"killed": "of"}, least: map[string]int{"locks": 100}}
	good := record.Figures{"locks": 100, "violations": 0, "killed": 3, "of": 3}
	for name, change := range map[string]func(record.Figures){
		"":                          func(record.Figures) {},
		"no figures":                nil,
		"violations: got 1":         func(f record.Figures) { f["violations"] = 1 },
		"violations: got 0 (told":   func(f record.Figures) { delete(f, "violations") },
		"killed: got 2":             func(f record.Figures) { f["killed"] = 2 },
		"killed: got 0":             func(f record.Figures) { delete(f, "killed"); delete(f, "of") },
		"nothing was proved: locks": func(f record.Figures) { f["locks"] = 99 },
	} {
		var o Outcome
		if change != nil {
			figures := record.Figures{}
			for n, f := range good {
				figures[n] = f
			}
			change(figures)
			o.Records = []record.Line{{Test: "TestX", Figures: figures}}
		}
		switch err := s.judge(o); {
		case name == "" && err != nil:
			t.Errorf("got %v of good figures", err)
		case name != "" && (err == nil || !strings.Contains(err.Error(), name)):
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

// With -only the other suites' figures stay, in the order of the suites; what is of no suite any more goes.
func TestMergeKeepsWhatWasNotRun(t *testing.T) {
	kept := []Outcome{{Suite: "simulate", Took: 1}, {Suite: "gone"}, {Suite: "mutants", Took: 1}, {Suite: "fences", Took: 1}}
	got := merge(kept, []Outcome{{Suite: "fences", Took: 2}})
	if len(got) != 3 || got[0].Suite != "mutants" || got[1].Suite != "fences" || got[1].Took != 2 || got[2].Suite != "simulate" {
		t.Errorf("got %+v", got)
	}
}

// What is written is read again, and nothing lies beside it. Where the page cannot be written the figures stay as they were.
func TestWriteBothOrNeither(t *testing.T) {
	dir := t.TempDir()
	o := options{md: filepath.Join(dir, "page.md"), json: filepath.Join(dir, "figures.json")}
	if err := write(o, madeUp()[:1]); err != nil {
		t.Fatal(err)
	}
	o.md = filepath.Join(dir, "missing", "page.md")
	if err := write(o, madeUp()); err == nil {
		t.Error("wrote into a folder that is not there")
	}
	got, err := readOutcomes(o.json)
	if err != nil || len(got) != 1 || got[0].Suite != madeUp()[0].Suite || got[0].Records[0].Figures["killed"] != 21 {
		t.Errorf("got %+v, %v", got, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("got %v, %v, want two files", left, err)
	}
}

// Suites run by go test: their records are read, and who fails, records nothing, or has no such test, is an error. A
// suite that is interrupted ends at once, with everything that it has started.
func TestRunner(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example\n\ngo 1.26\n",
		"x_test.go": `package example

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestGood(t *testing.T) {
	line := []byte("{\"test\":\"TestGood\",\"figures\":{\"locks\":3}}\n")
	if err := os.WriteFile(os.Getenv("QUORUMLOCK_RECORD"), line, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSilent(t *testing.T) {}

func TestFails(t *testing.T) { t.Fatal("it hurts") }

func TestHangs(t *testing.T) {
	cmd := exec.Command("sleep", "100")
	cmd.Stdout = os.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(os.Getenv("HANGS"), nil, 0o600)
	time.Sleep(100 * time.Second)
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "-mod=mod")
	r := &runner{out: new(strings.Builder), began: time.Now(), dir: t.TempDir()}
	of := func(test string) suite {
		return suite{name: test, pkg: ".", tests: []string{test}, counts: []string{"locks"}}
	}
	if o, err := r.one(t.Context(), of("TestGood"), "good"); err != nil || o.total()["locks"] != 3 || o.Took == 0 {
		t.Errorf("got %+v, %v", o, err)
	}
	if _, err := r.one(t.Context(), of("TestSilent"), "silent"); err == nil || !strings.Contains(err.Error(), "no figures") {
		t.Errorf("got %v from a suite that records nothing", err)
	}
	if _, err := r.one(t.Context(), of("TestFails"), "fails"); err == nil || !strings.Contains(err.Error(), "it hurts") {
		t.Errorf("got %v from a suite that fails", err)
	}
	if err := r.exist(t.Context(), []suite{of("TestGood"), of("TestSilent")}); err != nil {
		t.Error(err)
	}
	if err := r.exist(t.Context(), []suite{of("TestGood"), of("TestMissing")}); err == nil || !strings.Contains(err.Error(), "no test TestMissing") {
		t.Errorf("got %v of a test that is not there", err)
	}

	hangs := filepath.Join(r.dir, "hangs")
	t.Setenv("HANGS", hangs)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(hangs); err == nil {
				interrupt()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	began := time.Now()
	if _, err := r.one(ctx, of("TestHangs"), "hangs"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v from a suite that was interrupted", err)
	}
	if took := time.Since(began); took > 60*time.Second {
		t.Errorf("it took %v to end", took)
	}
	if left, _ := filepath.Glob(filepath.Join(r.dir, "go-build*")); left != nil {
		t.Errorf("go test has left %v", left)
	}
}

// Flags: sizes of -quick give way to others, and what is not there is an error.
func TestParse(t *testing.T) {
	out := new(strings.Builder)
	o, err := parse([]string{"-fences", "5000", "-quick", "-only", "fences,mutants"}, out)
	if err != nil || o.sizes.Fences != 5000 || o.sizes.Cycles != quick.Cycles || !o.quick || len(o.only) != 2 {
		t.Errorf("got %+v, %v", o, err)
	}
	if o, err = parse(nil, out); err != nil || o.sizes != full || len(o.only) != len(names()) {
		t.Errorf("got %+v, %v", o, err)
	}
	for _, args := range [][]string{{"-only", "nothing"}, {"x"}, {"-fences", "1"}, {"-sim", "soon"}} {
		if o, err := parse(args, out); err == nil {
			t.Errorf("%v: got %+v", args, o)
		}
	}
}
