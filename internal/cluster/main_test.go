package cluster

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// A closed cluster leaves no goroutine behind.
func TestMain(m *testing.M) {
	if kind := os.Getenv(victimVariable); kind != "" {
		beVictim(Kind(kind))
		return
	}
	goleak.VerifyTestMain(m)
}
