package runner

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

func ending() []os.Signal    { return []os.Signal{os.Interrupt, syscall.SIGTERM} }
func forwarded() []os.Signal { return ending() }

// fromKeyboard reports whether the console sends a signal to everybody: then the command has it already.
func fromKeyboard(s syscall.Signal) bool { return s == syscall.SIGINT }

// ParseSignal returns the signal of a name. Windows has none that a process could be sent: TERM and KILL both end it.
func ParseSignal(text string) (syscall.Signal, error) {
	switch strings.TrimPrefix(strings.ToUpper(text), "SIG") {
	case "TERM", "15":
		return syscall.SIGTERM, nil
	case "KILL", "9":
		return syscall.SIGKILL, nil
	}
	return 0, fmt.Errorf("%q: Windows has no signals; TERM and KILL both end the process", text)
}

// SignalName returns a signal's name without SIG.
func SignalName(s syscall.Signal) string {
	switch s {
	case syscall.SIGTERM:
		return "TERM"
	case syscall.SIGINT:
		return "INT"
	}
	return "KILL"
}
