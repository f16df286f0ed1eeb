package redlocktest

import (
	"testing"

	"github.com/quorumlock/quorumlock/internal/faketime"
)

// Bubble runs test in a bubble of its own time: it is synctest.Test, on one core under the race detector, which crashes
// otherwise in Go 1.26 (see the package's comment). Other tests that run at the same time have one core then, too.
func Bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	faketime.Test(t, test)
}
