package redlock

import (
	"context"
	"time"
)

// Observer is told what becomes of locks, for metrics, traces and benchmarks. A function that is nil is not called, and
// a nil Observer, or one without functions, costs nothing: no allocation and no clock read. It must not be changed while a
// locker uses it. Package otelredlock, in a module of its own, has one for OpenTelemetry.
//
// Its functions are called from several goroutines at a time, some of them in the middle of the work, with locks held:
// they must not block, and must not use the lease or the locker.
type Observer struct {
	// Began is told of every Lock and TryLock that begins, with the ctx that it was given; not of those that are refused at
	// once, because of a bad key or a closed locker. The context that it returns, a child of ctx, is what the other functions
	// are given with whatever comes of the call and of its lease, for as long as that is held, and whether it has ended or
	// not. It is for its values: it bounds nothing. Without Began they are given ctx.
	Began func(ctx context.Context, b Began) context.Context
	// Answered is told of every node's answer to a round, also of those that come after the round was decided, but not
	// of what is undone in the background.
	Answered func(ctx context.Context, a Answer)
	// Locked is told how every Lock and TryLock that began has ended, before that returns.
	Locked func(ctx context.Context, l Locked)
	// Extended is told how every extend of a lease was decided: those in the background, and those by Lease.Extend. One that
	// is not decided when the lease ends has no answer.
	Extended func(ctx context.Context, e Extended)
	// Ended is told of the end of every lease, once, after Locked has been told of that lease.
	Ended func(ctx context.Context, e Ended)
}

// Began is a Lock or TryLock that begins.
type Began struct {
	Key   string
	Try   bool // it is a TryLock, which does not queue
	Mode  Mode
	TTL   time.Duration
	Nodes int // of the locker
	Need  int // how many of them have to say yes
}

// Locked is how one Lock or TryLock came by its key, or why it did not.
type Locked struct {
	Began
	Waited   time.Duration // from the call
	Took     time.Duration // the last part of that, in which its last round ran; 0 without a round, so also when handed over
	Rounds   int           // that asked the nodes, of this process and for this key, since it had the key last; 0 when handed over. After an error: those of this call
	Asked    int           // how many answers of op lock Answered is told of for this call, all in all, sooner or later
	HandOver bool          // it was handed over in this process, without a word to the nodes
	Err      error         // what the call returns; nil: it has the key
}

// Answer is what one node said in one round. Everybody who answers with a yes has a vote in it.
type Answer struct {
	Op   string // lock, raise, extend or unlock
	Node int    // in the order of the locker's nodes
	Addr string // without credentials

	Yes   bool          // done as asked; for unlock also: was not there any more
	Err   error         // why there is no answer that counts; nil with Yes, and nil when another owner has the key
	After time.Duration // since the round began: waiting in the node's lane, the way there and back, and the node's work

	// Votes and Answers are how many nodes had said yes, and how many had said anything or failed, this one included.
	// The vote that decides a lock, extend or unlock has Votes == Need, its slowest node has Answers == the number of
	// nodes. A raise asks only the nodes that need it, and counts only those.
	Votes, Answers int
	Need           int
}

// Extended is how one extend of a lease was decided.
type Extended struct {
	Key string
	Err error // matches ErrNoQuorum, and names the nodes; nil: the window has moved
}

// Ended is how a lease ended.
type Ended struct {
	Key      string
	Held     time.Duration // since Lock or TryLock returned it
	HandOver bool          // its holder unlocked it, and it went on to the next one in this process
	Err      error         // ErrUnlocked, ErrLost, or ErrClosed when the locker's end was the lease's
}
