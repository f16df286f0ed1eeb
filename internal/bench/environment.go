package bench

import (
	"runtime"
	"slices"
	"strings"

	"github.com/quorumlock/quorumlock/internal/machine"
	"github.com/quorumlock/quorumlock/redlock"
)

// environment describes this machine, and the nodes as they were before the load.
func environment(health redlock.Health) Environment {
	e := Environment{
		Nodes: len(health.Nodes), Need: health.Need, Cores: runtime.NumCPU(), Procs: runtime.GOMAXPROCS(0), CPU: machine.CPU(),
		OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), Version: machine.Build(),
	}
	var versions []string
	for _, n := range health.Nodes {
		if n.Version != "" {
			versions = append(versions, n.Version)
		}
	}
	slices.Sort(versions)
	e.Redis = strings.Join(slices.Compact(versions), ", ")
	return e
}
