//go:build unix

package runner

import (
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Signals are named as kill -l does, and come back as they went.
func TestSignalNames(t *testing.T) {
	for text, want := range map[string]syscall.Signal{"TERM": syscall.SIGTERM, "SIGTERM": syscall.SIGTERM, "int": syscall.SIGINT, "9": syscall.SIGKILL, "SigUsr1": syscall.SIGUSR1} {
		got, err := ParseSignal(text)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
		if again, err := ParseSignal(SignalName(got)); err != nil || again != got {
			t.Errorf("%q: came back as %v, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "0", "65", "-1", "TERMINATE", "SIG"} {
		if got, err := ParseSignal(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

// All signals are passed on but those that are about this process; those that end nobody end no wait.
func TestWhichSignalsAreHeard(t *testing.T) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT) // also under nohup
	passed, ends := forwarded(), ending()
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGABRT} {
		if !slices.Contains(passed, s) || !slices.Contains(ends, s) {
			t.Errorf("%v is not passed on, or ends no wait", s)
		}
	}
	for _, s := range []os.Signal{syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGTSTP} {
		if !slices.Contains(passed, s) || slices.Contains(ends, s) {
			t.Errorf("%v is not passed on, or ends a wait", s)
		}
	}
	for _, s := range []os.Signal{syscall.SIGCHLD, syscall.SIGURG, syscall.SIGPIPE, syscall.SIGKILL, syscall.SIGTTOU} {
		if slices.Contains(passed, s) || slices.Contains(ends, s) {
			t.Errorf("%v is passed on, or ends a wait", s)
		}
	}
}

// What was ignored from the beginning stays so.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	if os.Getenv("RUNNER_HEARD") == "" {
		cmd := exec.Command("sh", "-c", `trap "" HUP; exec "$0" -test.run '^TestIgnoredSignalsStayIgnored$' -test.v`, os.Args[0])
		cmd.Env = append(os.Environ(), "RUNNER_HEARD=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v:\n%s", err, out)
		}
		return
	}
	if !signal.Ignored(syscall.SIGHUP) || slices.Contains(forwarded(), os.Signal(syscall.SIGHUP)) || slices.Contains(ending(), os.Signal(syscall.SIGHUP)) {
		t.Error("HUP is heard")
	}
}
