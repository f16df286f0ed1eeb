// Package record is how a test tells how much it did: `make reliability` reads it and writes it into
// docs/RELIABILITY.md. Otherwise nothing is recorded, and a test need not ask.
package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
)

// Variable is the environment variable with the file to which records are appended.
const Variable = "QUORUMLOCK_RECORD"

// Figures are numbers by their names, which are words with underscores between them: "acquisitions", "simulated_hours".
// Names that begin with "fault_" or "refusal_" are kinds of one thing, and a page tells them apart.
type Figures map[string]float64

// Line is one record, a line of JSON.
type Line struct {
	Test    string  `json:"test"`
	Figures Figures `json:"figures"`
	Note    string  `json:"note,omitempty"`
}

// test is what a record needs of a *testing.T or *testing.B.
type test interface {
	Helper()
	Name() string
	Failed() bool
	Fatalf(format string, args ...any)
}

// Add records what a test came to, if anybody wants to know; note may be empty. A test that has failed has come to
// nothing. It is called at the end, by the test's own goroutine.
func Add(t test, figures Figures, note string) {
	t.Helper()
	file := os.Getenv(Variable)
	if file == "" || t.Failed() {
		return
	}
	if err := add(file, Line{t.Name(), figures, note}); err != nil {
		t.Fatalf("record: %v", err)
	}
}

// add appends one line in one write, so that the lines of several processes do not mix.
func add(file string, line Line) error {
	for name, f := range line.Figures {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%s is %v", name, f)
		}
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Close())
}

// Read returns the records in a file, in order; none when there is no such file.
func Read(file string) ([]Line, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []Line
	text := bufio.NewScanner(f)
	text.Buffer(nil, 1<<20)
	for text.Scan() {
		var line Line
		if err := json.Unmarshal(text.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("record %d: %w", len(lines)+1, err)
		}
		if line.Test == "" || len(line.Figures) == 0 {
			return nil, fmt.Errorf("record %d: no test, or no figures: %s", len(lines)+1, text.Text())
		}
		lines = append(lines, line)
	}
	return lines, text.Err()
}
