package bench

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/quorumlock/quorumlock/redlock"
)

// environment describes this machine, and the nodes as they were before the load.
func environment(health redlock.Health) Environment {
	e := Environment{
		Nodes: len(health.Nodes), Need: health.Need, Cores: runtime.NumCPU(), Procs: runtime.GOMAXPROCS(0), CPU: cpuModel(),
		OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), Version: version(),
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

// cpuModel is what Linux calls the processor; nothing elsewhere.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// version is that of this module, with the revision if the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}
