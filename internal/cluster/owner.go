package cluster

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// owner names one run of one process, so that a later run can tell whether it still lives.
type owner struct {
	// Place is where the pid means anything: host and pid namespace. Several machines or CI containers
	// may share one Docker engine, and about the processes of another place we know nothing.
	Place string `json:"place"`
	PID   int    `json:"pid"`
	// Born tells this process from a later one with the same pid: boot and start time. Empty where the
	// system does not tell.
	Born string `json:"born,omitempty"`
}

var self = sync.OnceValue(func() owner {
	host, _ := os.Hostname()
	return owner{Place: host + pidNamespace(), PID: os.Getpid(), Born: born(os.Getpid())}
})

func (o owner) String() string {
	b, _ := json.Marshal(o) // strings and an int: cannot fail
	return string(b)
}

func parseOwner(s string) (owner, bool) {
	var o owner
	err := json.Unmarshal([]byte(s), &o)
	return o, err == nil && o.PID > 0
}

// dead is certain: an owner that we cannot judge is alive.
func (o owner) dead() bool {
	return o.Place == self().Place && (!running(o.PID) || o.Born != born(o.PID))
}

// OwnedDir makes a temporary directory that says whose it is, so that Clean knows when nobody needs it any more. The caller
// removes it.
func OwnedDir() (string, error) {
	dir, err := os.MkdirTemp("", "quorumlock-")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "owner"), []byte(self().String()), 0o600); err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}

// cleanDirs removes the directories of dead owners.
func cleanDirs() (removed int, err error) {
	marks, err := filepath.Glob(filepath.Join(os.TempDir(), "quorumlock-*", "owner"))
	if err != nil {
		return 0, err
	}
	for _, mark := range marks {
		text, err := os.ReadFile(mark)
		if err != nil { // another run may be cleaning up too
			continue
		}
		if o, ok := parseOwner(strings.TrimSpace(string(text))); !ok || !o.dead() {
			continue
		}
		if err := os.RemoveAll(filepath.Dir(mark)); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
