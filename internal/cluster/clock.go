package cluster

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// clockSource is a library in C that is loaded in front of a server's own, and shifts its time of day.
//
//go:embed clock/shift.c
var clockSource []byte

// Clock is the time of day as one node's server reads it, which can be set while the server runs. It survives restarts of
// the node. It is safe for concurrent use.
type Clock struct {
	library, path string

	mu    sync.Mutex
	file  *os.File // guarded by mu
	seq   uint64   // guarded by mu
	base  int64    // guarded by mu; a reading of the true clock, in ns
	shown int64    // guarded by mu; what the server read then, in ns
	rate  float64  // guarded by mu; how fast its clock has run from there on
}

// buildClocks compiles the library into dir.
func buildClocks(ctx context.Context, dir string) (library string, err error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("%w: clocks can be set on Linux only", ErrUnsupported)
	}
	compiler, err := exec.LookPath("cc")
	if err != nil {
		return "", fmt.Errorf("%w: to set clocks takes a C compiler: %w", ErrUnsupported, err)
	}
	source := filepath.Join(dir, "shift.c")
	if err := os.WriteFile(source, clockSource, 0o600); err != nil {
		return "", err
	}
	library = filepath.Join(dir, "shift.so")
	out, err := exec.CommandContext(ctx, compiler, "-O2", "-shared", "-fPIC", "-o", library, source).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("compile shift.c: %w: %s", err, out)
	}
	return library, nil
}

func newClock(library, path string) (*Clock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	c := &Clock{library: library, path: path, file: file, rate: 1}
	c.base = time.Now().UnixNano()
	c.shown = c.base
	return c, c.write()
}

// env is what makes a server read this clock.
func (c *Clock) env() []string {
	return []string{"LD_PRELOAD=" + c.library, "QUORUMLOCK_CLOCK=" + c.path}
}

// Step sets the clock forward by that, or back when it is negative.
func (c *Clock) Step(by time.Duration) error {
	return c.change(func() { c.shown += int64(by) })
}

// Rate lets the clock run that many times as fast as the true one, from now on.
func (c *Clock) Rate(rate float64) error {
	if !(rate >= 0) || math.IsInf(rate, 0) {
		return fmt.Errorf("cluster: a clock cannot run %v times as fast", rate)
	}
	return c.change(func() { c.rate = rate })
}

// Now returns what the server's clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Unix(0, c.at(time.Now().UnixNano()))
}

func (c *Clock) at(now int64) int64 { return c.shown + int64(float64(now-c.base)*c.rate) }

// change begins a new stretch of the clock, which do may alter.
func (c *Clock) change(do func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().UnixNano()
	c.base, c.shown = now, c.at(now)
	do()
	return c.write()
}

// write puts the clock into the file, whose readers wait while its first number is odd. Callers hold mu, or are alone.
func (c *Clock) write() error {
	buf := make([]byte, 32)
	order := binary.NativeEndian
	order.PutUint64(buf[0:], c.seq+2)
	order.PutUint64(buf[8:], uint64(c.base))
	order.PutUint64(buf[16:], uint64(c.shown))
	order.PutUint64(buf[24:], math.Float64bits(c.rate))
	odd := order.AppendUint64(nil, c.seq+1)
	_, err1 := c.file.WriteAt(odd, 0)
	_, err2 := c.file.WriteAt(buf[8:], 8)
	_, err3 := c.file.WriteAt(buf[:8], 0)
	c.seq += 2
	return errors.Join(err1, err2, err3)
}

func (c *Clock) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.file.Close()
}
