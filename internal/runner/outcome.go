package runner

// What a run exits with where it is not what the command exited with: as sysexits.h has it for what happens before the
// command starts and to its lease, and as coreutils do for the command itself.
const (
	CodeUsage        = 64 // EX_USAGE: the command line, or what the environment says about the nodes
	CodeNoQuorum     = 69 // EX_UNAVAILABLE: too few nodes answered
	CodeHeld         = 75 // EX_TEMPFAIL: somebody else had the key until the wait was over
	CodeLost         = 76 // EX_PROTOCOL: the lease could not be kept
	CodeFailed       = 125
	CodeCannotRun    = 126 // the command was found, and cannot be executed
	CodeNotFound     = 127
	codeSignal       = 128 // and the signal's number
	signalNumberMask = 0x7f
)

// Outcome is how a run ended.
type Outcome struct {
	Code int
	Err  error // why Code is not the command's own; nil when it is
}

func killedBy(signal int) int { return codeSignal + signal&signalNumberMask }
