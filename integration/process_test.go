package integration

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// processes returns nodes that are processes of redis-server: real ones, which start in a tenth of the time that a
// container takes.
func processes(t testing.TB, spec cluster.Spec) *nodes {
	t.Helper()
	_, noRedis := exec.LookPath("redis-server")
	needs(t, noRedis == nil, "redis-server")
	if spec.Clocks {
		_, noCompiler := exec.LookPath("cc")
		needs(t, runtime.GOOS == "linux" && noCompiler == nil, "Linux and a C compiler")
	}
	spec.Kind = cluster.Process
	return start(t, spec)
}

// needs skips the test without something; in CI nothing may skip.
func needs(t testing.TB, there bool, what string) {
	t.Helper()
	switch {
	case there:
	case os.Getenv("CI") != "":
		t.Fatalf("in CI nothing may skip: this takes %s", what)
	default:
		t.Skipf("takes %s", what)
	}
}
