package otelredlock

import "runtime/debug"

// scope is what the meter and the tracer are called.
const scope = "github.com/quorumlock/quorumlock/redlock/otelredlock"

// version returns which version of this module the program was built with; "(devel)" from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == scope && m.Replace == nil && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}
