package machine

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// The processor has a name on Linux, as /proc has it, on one line and without blanks around it.
func TestCPU(t *testing.T) {
	got := CPU()
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil || !strings.Contains(string(text), "model name") {
		if got != "" {
			t.Errorf("got %q on %s, where nobody tells", got, runtime.GOARCH)
		}
		t.Skip("the system does not tell what its processor is called")
	}
	if got == "" || strings.TrimSpace(got) != got || strings.Contains(got, "\n") || !strings.Contains(string(text), ": "+got+"\n") {
		t.Errorf("got %q", got)
	}
}

// A build has a version, whatever else is known of it, and says nothing of where it was built.
func TestBuild(t *testing.T) {
	version, revision, _ := strings.Cut(Build(), " ")
	if version == "" || len(revision) > 12 {
		t.Errorf("got version %q, revision %q", version, revision)
	}
	if dir, err := os.Getwd(); err != nil || strings.Contains(Build(), dir) {
		t.Errorf("got %q, %v", Build(), err)
	}
}
