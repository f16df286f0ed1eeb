package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// Why a lane does not take a command.
var (
	errClosed = &Error{text: "closed"}
	errFull   = &Error{text: "too many commands are waiting for this node"}
	// errUnheard answers an Enroll of a process that could not be woken.
	errUnheard = &Error{text: "cannot announce that the key is free"}
)

// Error is why a node gave no answer that counts. It never carries a context's error: a node that was too slow must not
// look to errors.Is as if the caller's own context had ended.
type Error struct {
	text  string
	cause error
	// Permanent: asking again will not help before somebody changes the server, the credentials or the key.
	Permanent bool
	// away: the node as a whole gives no service at the moment, so that the lane need not ask it about every command.
	away bool
}

func (e *Error) Error() string { return e.text }

// Unwrap returns the underlying error, if it is of use to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// permanent and away list the first words of Redis errors, as in Redis 7's src/server.c (createSharedObjects).
var (
	permanent = []string{"NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE", "MOVED", "ASK", "CROSSSLOT", "ERR unknown command"}
	away      = []string{"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN"}
)

// Explain turns what go-redis returned into an [*Error]; timeout is the bound that the exchange had.
func Explain(err error, timeout time.Duration) *Error { return explain(err, timeout) }

// ExplainAt does so for a command about a key of a caller's, to say what a user lacks whom an ACL keeps from it.
func ExplainAt(err error, timeout time.Duration, key string) *Error {
	return explainAt(err, timeout, key)
}

// explain turns what go-redis returned into an *Error; timeout is the bound that the exchange had.
func explain(err error, timeout time.Duration) *Error { return explainAt(err, timeout, "") }

// explainAt does so for a command about a key of a caller's; "" for one about our own keys.
func explainAt(err error, timeout time.Duration, key string) *Error {
	var own *Error
	var timer net.Error
	var network *net.OpError
	var server redis.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &server):
		text := server.Error()
		if strings.HasPrefix(text, "ERR Error") {
			text = inScript(text)
		}
		// A server that does not know AUTH repeats the password here.
		text, _, _ = strings.Cut(text, ", with args beginning with")
		return &Error{text: text + remedy(text, key), cause: err, Permanent: hasPrefix(text, permanent) || forbiddenInScript(text), away: hasPrefix(text, away)}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, redis.ErrPoolTimeout),
		errors.As(err, &timer) && timer.Timeout():
		return &Error{text: fmt.Sprintf("no answer within %v", timeout), cause: os.ErrDeadlineExceeded, away: true}
	case errors.Is(err, context.Canceled), errors.Is(err, redis.ErrClosed):
		return &Error{text: "client closed", cause: net.ErrClosed, away: true}
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return &Error{text: "connection closed by the node", cause: err, away: true}
	case errors.As(err, &network):
		// Without the address, which whoever prints the error puts in front.
		return &Error{text: network.Err.Error(), cause: err, away: true}
	default:
		return &Error{text: err.Error(), cause: err, away: true}
	}
}

// remedy says, in brackets, what to do about a refusal that is about who we are; nothing about any other.
func remedy(text, key string) string {
	switch what := forbidden(text); {
	case strings.HasPrefix(text, "WRONGPASS"):
		return " (check the user and the password)"
	case strings.HasPrefix(text, "NOAUTH"):
		return " (give a user and a password)"
	case strings.HasPrefix(text, "ERR unknown command"):
		return ""
	case what == "keys" && key != "":
		return fmt.Sprintf(" (the Redis user needs ~%s, or a pattern for it, and ~%s*)", key, Prefix)
	case what == "keys":
		return " (the Redis user needs ~" + Prefix + "*)"
	case what == "channels":
		return " (the Redis user needs &" + Prefix + "*)"
	case what != "":
		return " (the Redis user needs +" + what + ")"
	}
	return ""
}

// inScript returns what a command in a script met. Redis before 7 wraps it: "ERR Error running script (call to f_…):
// @user_script:16: WRONGTYPE …".
func inScript(text string) string {
	for _, code := range []string{"WRONGTYPE ", "NOPERM ", "OOM ", "READONLY ", "MISCONF ", "NOREPLICAS "} {
		if at := strings.Index(text, ": "+code); at >= 0 {
			return text[at+2:]
		}
	}
	return text
}

// forbiddenInScript reports whether an ACL forbids a command that a script calls, which Redis before 7.2 does not call NOPERM
// (src/script.c, scriptVerifyACL).
func forbiddenInScript(text string) bool {
	return strings.Contains(text, "The user executing the script can't run this command")
}

// saysOtherThanAway reports whether err is something that a server said about what it was asked, and not about itself.
func saysOtherThanAway(err error) bool {
	var server redis.Error
	return errors.As(err, &server) && !hasPrefix(server.Error(), away)
}

// refusesCommand reports whether a server does not offer a command to us: it does not know it, or an ACL forbids it.
// A key that the ACL forbids looks alike, and is found out when every other command is forbidden as well.
func refusesCommand(err error) bool {
	var server redis.Error
	return errors.As(err, &server) &&
		hasPrefix(server.Error(), []string{"NOPERM", "ERR unknown command", "ERR syntax error", "ERR Unknown Redis command"})
}

func hasPrefix(text string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// String returns the op's name in lower case.
func (o Op) String() string {
	switch o {
	case Grant:
		return "grant"
	case Raise:
		return "raise"
	case Extend:
		return "extend"
	case Release:
		return "release"
	case Enroll:
		return "enroll"
	case Leave:
		return "leave"
	default:
		return fmt.Sprintf("op(%d)", uint8(o))
	}
}
