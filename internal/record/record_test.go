package record

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// acting is a test that may have failed, and notes it when a record fails it.
type acting struct {
	failed bool
	fatal  string
}

func (*acting) Helper()      {}
func (*acting) Name() string { return "TestSomething/part" }
func (a *acting) Failed() bool {
	return a.failed
}
func (a *acting) Fatalf(format string, args ...any) { a.fatal = fmt.Sprintf(format, args...) }

// What tests record is read again, in order; nobody who has failed records anything.
func TestRecordsAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "records")
	t.Setenv(Variable, file)
	if got, err := Read(file); got != nil || err != nil {
		t.Errorf("got %v, %v of no file", got, err)
	}
	Add(new(acting), Figures{"locks": 3, "hours": 0.5}, "")
	Add(&acting{failed: true}, Figures{"locks": 4}, "")
	Add(new(acting), Figures{"locks": 5}, "on one\nof five")
	got, err := Read(file)
	want := []Line{
		{"TestSomething/part", Figures{"locks": 3, "hours": 0.5}, ""},
		{"TestSomething/part", Figures{"locks": 5}, "on one\nof five"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// Without the variable nothing is written; with a file that cannot be written, or a figure that is no number, the test
// fails.
func TestRecordFailsLoudly(t *testing.T) {
	t.Setenv(Variable, "")
	a := new(acting)
	if Add(a, Figures{"locks": 1}, ""); a.fatal != "" {
		t.Errorf("got %q without the variable", a.fatal)
	}
	dir := t.TempDir()
	t.Setenv(Variable, dir)
	if Add(a, Figures{"locks": 1}, ""); a.fatal == "" {
		t.Error("a directory was written to")
	}
	t.Setenv(Variable, filepath.Join(dir, "records"))
	a = new(acting)
	if Add(a, Figures{"share": math.NaN()}, ""); !strings.Contains(a.fatal, "share is NaN") {
		t.Errorf("got %q for NaN", a.fatal)
	}
}

// A file that is not of records is an error, and says where.
func TestReadRefuses(t *testing.T) {
	good := `{"test":"TestX","figures":{"n":1}}` + "\n"
	for _, bad := range []string{"{", `{"figures":{"n":1}}`, `{"test":"TestX"}`, `{"test":"TestX","figures":{"n":"1"}}`} {
		file := filepath.Join(t.TempDir(), "records")
		if err := os.WriteFile(file, []byte(good+bad+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if lines, err := Read(file); err == nil || !strings.Contains(err.Error(), "record 2") {
			t.Errorf("%s: got %v, %v, want an error that names record 2", bad, lines, err)
		}
	}
}
