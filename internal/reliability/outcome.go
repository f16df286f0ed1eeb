package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/record"
)

// Outcome is what one suite came to, when and where.
type Outcome struct {
	Suite   string        `json:"suite"`
	Command string        `json:"command"`
	Trial   bool          `json:"trial,omitempty"` // of -quick
	Began   time.Time     `json:"began"`
	Took    time.Duration `json:"took_ns"`
	Machine Machine       `json:"machine"`
	Records []record.Line `json:"records"`
}

// total is what all records of a suite come to together.
func (o Outcome) total() record.Figures {
	sum := record.Figures{}
	for _, line := range o.Records {
		for name, f := range line.Figures {
			sum[name] += f
		}
	}
	return sum
}

// file is docs/reliability.json.
type file struct {
	Outcomes []Outcome `json:"outcomes"`
}

// readOutcomes returns what an earlier run has written; nothing when there was none.
func readOutcomes(path string) ([]Outcome, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var f file
	err = json.Unmarshal(text, &f)
	return f.Outcomes, err
}

// merge puts the outcomes in the order of the suites, fresh ones in place of those that were kept. What is of no suite
// any more is dropped.
func merge(kept, fresh []Outcome) []Outcome {
	var merged []Outcome
	for _, name := range names() {
		of := func(o Outcome) bool { return o.Suite == name }
		if i := slices.IndexFunc(fresh, of); i >= 0 {
			merged = append(merged, fresh[i])
		} else if i := slices.IndexFunc(kept, of); i >= 0 {
			merged = append(merged, kept[i])
		}
	}
	return merged
}

// write writes both files, or neither.
func write(o options, outcomes []Outcome) error {
	text, err := json.MarshalIndent(file{outcomes}, "", "  ")
	if err != nil {
		return err
	}
	figures, err := beside(o.json, append(text, '\n'))
	if err != nil {
		return err
	}
	defer os.Remove(figures)
	page, err := beside(o.md, []byte(report(outcomes)))
	if err != nil {
		return err
	}
	defer os.Remove(page)
	if err := os.Rename(figures, o.json); err != nil {
		return err
	}
	return os.Rename(page, o.md)
}

// beside writes a file that is to take another's place, and returns its name.
func beside(path string, text []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("%s: %w", path, err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}
