package otelredlock

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/quorumlock/quorumlock/redlock"
)

// Values of redlock.op. The nodes' ops are as in [redlock.Answer].
const (
	opLock    = "lock"
	opTryLock = "try_lock"
)

// Values of redlock.outcome.
const (
	// Of Lock and TryLock.
	outcomeLocked    = "locked"
	outcomeHeld      = "held"      // by another owner
	outcomeNoQuorum  = "no_quorum" // of extends as well
	outcomeExpired   = "expired"   // won too late
	outcomeCancelled = "cancelled" // before the nodes had their say
	outcomeClosed    = "closed"    // of leases as well
	outcomeError     = "error"     // of nodes as well
	// Of extends.
	outcomeExtended = "extended"
	// Of leases.
	outcomeUnlocked   = "unlocked"
	outcomeHandedOver = "handed_over"
	outcomeLost       = "lost"
	// Of nodes.
	outcomeYes = "yes"
	outcomeNo  = "no"
)

func opOf(try bool) string {
	if try {
		return opTryLock
	}
	return opLock
}

func modeOf(m redlock.Mode) string {
	if m == redlock.Plain {
		return "plain"
	}
	return "fenced"
}

// callOutcome is how a Lock or TryLock ended. ctx is the caller's.
func callOutcome(ctx context.Context, l redlock.Locked) string {
	switch {
	case l.Err == nil:
		return outcomeLocked
	case errors.Is(l.Err, redlock.ErrHeld):
		return outcomeHeld
	case errors.Is(l.Err, redlock.ErrNoQuorum) && unheard(ctx, l):
		return outcomeCancelled
	case errors.Is(l.Err, redlock.ErrNoQuorum):
		return outcomeNoQuorum
	case errors.Is(l.Err, redlock.ErrExpired):
		return outcomeExpired
	case errors.Is(l.Err, redlock.ErrClosed):
		return outcomeClosed
	default:
		return outcomeError
	}
}

// unheard reports whether a call without a quorum says nothing about the nodes: its caller gave it up before a round was
// over, or before there was one. A deadline that passed while nodes were silent may well be their fault.
func unheard(ctx context.Context, l redlock.Locked) bool {
	if ctx.Err() == nil || l.Rounds > 1 {
		return false
	}
	failed, ok := errors.AsType[*redlock.QuorumError](l.Err)
	return errors.Is(ctx.Err(), context.Canceled) || ok && len(failed.NodeErrors()) == 0
}

func leaseOutcome(e redlock.Ended) string {
	switch {
	case e.HandOver:
		return outcomeHandedOver
	case errors.Is(e.Err, redlock.ErrLost):
		return outcomeLost
	case errors.Is(e.Err, redlock.ErrClosed):
		return outcomeClosed
	default:
		return outcomeUnlocked
	}
}

func answerOutcome(a redlock.Answer) string {
	switch {
	case a.Yes:
		return outcomeYes
	case a.Err != nil:
		return outcomeError
	default:
		return outcomeNo
	}
}

// describe says why a call did not get its key, without the key, and without the cause of the caller's context, which may
// say anything.
func describe(outcome string, err error) string {
	failed, ok := errors.AsType[*redlock.QuorumError](err)
	if !ok {
		return outcome
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (need %d of %d", strings.TrimPrefix(failed.Cause.Error(), "redlock: "), failed.Need, failed.Nodes)
	for _, one := range failed.NodeErrors() {
		b.WriteString("; " + one.Error())
	}
	b.WriteByte(')')
	return b.String()
}
