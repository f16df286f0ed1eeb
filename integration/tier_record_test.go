package integration

import (
	"encoding/json"
	"maps"
	"os"
	"sync"
	"testing"
)

// recordVariable names a file to which a line is appended for each test that counts what it did.
const recordVariable = "QUORUMLOCK_RECORD"

var recordMu sync.Mutex // of the file

// tier counts what the tests of one tier, "clocks" or "memory", did and found.
type tier struct {
	t    testing.TB
	name string

	mu      sync.Mutex
	figures map[string]float64 // guarded by mu
}

// counting returns the counts of one test. They are written down when it ends, those of a test that failed as well.
func counting(t testing.TB, name string) *tier {
	c := &tier{t: t, name: name, figures: map[string]float64{"violations": 0}}
	t.Cleanup(c.write)
	return c
}

func (c *tier) count(figure string, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.figures[figure] += float64(by)
}

// violated counts what must never be, and fails the test.
func (c *tier) violated(format string, args ...any) {
	c.t.Helper()
	c.count("violations", 1)
	c.t.Errorf(format, args...)
}

func (c *tier) write() {
	path := os.Getenv(recordVariable)
	if path == "" || c.t.Skipped() {
		return
	}
	c.mu.Lock()
	line, err := json.Marshal(map[string]any{"test": c.name, "figures": maps.Clone(c.figures), "note": c.t.Name()})
	c.mu.Unlock()
	if err != nil {
		c.t.Error(err)
		return
	}
	recordMu.Lock()
	defer recordMu.Unlock()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		c.t.Error(err)
		return
	}
	_, err = file.Write(append(line, '\n'))
	if err := file.Close(); err != nil {
		c.t.Error(err)
	}
	if err != nil {
		c.t.Error(err)
	}
}
