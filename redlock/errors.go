package redlock

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-multierror"
)

// What can go wrong, one sentinel for each thing that a caller does differently about it. Match them with errors.Is.
var (
	// ErrHeld: enough nodes said that somebody else has the key. Try again later. The error names the owner on each node,
	// if that is one of this library's, and for how long it has the key yet.
	ErrHeld = errors.New("redlock: held by another owner")
	// ErrNoQuorum: too few nodes answered to tell. Look after the nodes; the error names them.
	ErrNoQuorum = errors.New("redlock: no quorum")
	// ErrExpired: a majority granted, but so slowly that nothing was left of the window. Use a longer TTL.
	ErrExpired = errors.New("redlock: won too late, the window had closed")
	// ErrLost: the lease is not held any more, and was not unlocked by its holder. Stop what it protected.
	ErrLost = errors.New("redlock: lease lost")
	// ErrUnlocked: the lease was unlocked before, or its locker closed.
	ErrUnlocked = errors.New("redlock: lease unlocked")
	// ErrClosed: the locker is closed.
	ErrClosed = errors.New("redlock: locker closed")
)

// QuorumError is why a majority was not reached. errors.Is and errors.As find its cause, the end of the caller's
// context, and what each node said.
type QuorumError struct {
	Op    string // lock, extend or unlock
	Key   string
	Cause error // ErrHeld, ErrNoQuorum, ErrExpired, ErrLost or ErrClosed
	Need  int   // how many nodes had to say yes
	Nodes int   // of how many

	context error // how the caller's context ended, if it did
	said    *multierror.Error
}

// NodeError is what one node said, or why it said nothing.
type NodeError struct {
	Addr string // without credentials
	Err  error
}

func (e *NodeError) Error() string { return e.Addr + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *NodeError) Unwrap() error { return e.Err }

// Error returns one line that names each node that did not say yes.
func (e *QuorumError) Error() string {
	var b strings.Builder
	b.WriteString("redlock: " + e.Op)
	if e.Key != "" {
		fmt.Fprintf(&b, " %q", e.Key)
	}
	b.WriteString(": ")
	if e.context != nil {
		b.WriteString(e.context.Error() + ", ")
	}
	fmt.Fprintf(&b, "%s (need %d of %d", bare(e.Cause), e.Need, e.Nodes)
	if e.said != nil && e.said.Len() > 0 {
		b.WriteString("; " + e.said.Error())
	}
	b.WriteByte(')')
	return b.String()
}

// Unwrap returns the cause, the end of the caller's context if it has ended, and the nodes' errors.
func (e *QuorumError) Unwrap() []error {
	errs := []error{e.Cause}
	if e.context != nil {
		errs = append(errs, e.context)
	}
	if e.said != nil {
		errs = append(errs, e.said)
	}
	return errs
}

// NodeErrors returns what each node said that did not say yes, in the order of the locker's nodes.
func (e *QuorumError) NodeErrors() []*NodeError {
	if e.said == nil {
		return nil
	}
	said := make([]*NodeError, 0, e.said.Len())
	for _, err := range e.said.Errors {
		if one, ok := errors.AsType[*NodeError](err); ok {
			said = append(said, one)
		}
	}
	return said
}

// add appends what the node at addr said.
func (e *QuorumError) add(addr string, err error) {
	e.said = multierror.Append(e.said, &NodeError{Addr: addr, Err: err})
	e.said.ErrorFormat = oneLine
}

func oneLine(errs []error) string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return strings.Join(texts, "; ")
}

// refusal is a node that says that another owner has the key. It is not ErrHeld: one node proves nothing.
type refusal struct {
	left   time.Duration
	holder string // empty when unknown
}

func (r refusal) Error() string {
	// What another program keeps there may be a secret; an owner of ours is none.
	known := uuid.Validate(r.holder) == nil
	switch {
	case r.left <= 0 && known:
		return "held by " + r.holder
	case r.left <= 0:
		return "the key is not this owner's"
	case known:
		return fmt.Sprintf("held by %s for another %v", r.holder, r.left)
	default:
		return fmt.Sprintf("held for another %v", r.left)
	}
}

// Why a node that was waited for said nothing.
var (
	errSilent    = errors.New("no answer yet")
	errNotInTime = errors.New("no answer in time")
)

// wrap puts the operation and the key in front of a sentinel.
func wrap(op, key string, err error) error {
	return &leaseError{op: op, key: key, err: err}
}

// leaseError is a sentinel with its operation and key.
type leaseError struct {
	op, key string
	err     error
}

func (e *leaseError) Error() string {
	return fmt.Sprintf("redlock: %s %q: %s", e.op, e.key, bare(e.err))
}

func (e *leaseError) Unwrap() error { return e.err }

// bare returns the text of one of our errors without the package's name.
func bare(err error) string { return strings.TrimPrefix(err.Error(), "redlock: ") }
