package redlock

import (
	"context"
	"errors"
	"fmt"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/quorum"
)

// account is what the nodes said in one round, for the error that it may end in.
type account struct {
	round uint32
	yes   quorum.Set
	errs  []error // by node; nil until there is one
}

// note takes a node's answer to round, or to the raise that follows it. Answers to earlier rounds are dropped.
func (a *account) note(nodes, index int, round uint32, r node.Reply) {
	if round < a.round {
		return
	}
	if r.Yes {
		a.yes = a.yes.With(index)
		return
	}
	a.yes = a.yes.Without(quorum.Set(0).With(index))
	if a.errs == nil {
		a.errs = make([]error, nodes)
	}
	if a.errs[index] = r.Err; r.Err == nil {
		a.errs[index] = refusal{left: r.Left, holder: r.Holder}
	}
}

// failure returns the error of an operation that did not reach a majority. It names the nodes that are the reason: not
// those whose answer was not waited for, because the others had decided. Callers hold mu.
func (a *attempt) failure(op string, cause error) *QuorumError {
	silent, expired := a.machine.Silent()
	return a.blame(op, cause, silent, expired)
}

// blame is failure of a round that waited in vain for the silent nodes, and does so no more if it has expired.
func (a *attempt) blame(op string, cause error, silent quorum.Set, expired bool) *QuorumError {
	e := a.unasked(op, cause)
	for i, n := range a.locker.nodes {
		switch {
		case a.account.yes.Has(i):
		case a.account.errs != nil && a.account.errs[i] != nil:
			e.add(n.Addr(), a.account.errs[i])
		case silent.Has(i) && expired:
			e.add(n.Addr(), errNotInTime)
		case silent.Has(i):
			e.add(n.Addr(), errSilent)
		}
	}
	return e
}

// unasked returns the error of an operation that asked nobody.
func (a *attempt) unasked(op string, cause error) *QuorumError {
	rule := a.locker.params.Rule
	return &QuorumError{Op: op, Key: a.key, Cause: cause, Need: rule.Need(), Nodes: rule.Nodes()}
}

// ended returns the error of the same operation when it was ctx that ended it.
func (e *QuorumError) ended(ctx context.Context) *QuorumError {
	both := *e
	both.context = ctx.Err()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, both.context) {
		both.context = fmt.Errorf("%w: %w", both.context, cause)
	}
	return &both
}

// after returns e, which ctx ended in the middle of a round, with what the round before it met, if there was one.
func (e *QuorumError) after(last *QuorumError) *QuorumError {
	if last == nil {
		return e
	}
	both := *last
	both.context = e.context
	return &both
}

// final reports whether waiting cannot help: so many nodes failed for reasons that do not pass by themselves that the
// rest is no majority.
func (e *QuorumError) final() bool {
	stuck := 0
	for _, n := range e.NodeErrors() {
		if why, ok := errors.AsType[*node.Error](n.Err); ok && why.Permanent {
			stuck++
		}
	}
	return stuck > e.Nodes-e.Need
}
