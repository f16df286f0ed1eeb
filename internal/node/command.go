package node

import "time"

// Op is what a command asks the node for.
type Op uint8

const (
	Grant   Op = iota + 1 // store Owner under Key for TTL, unless another owner is there
	Raise                 // lift the fence counter of Key to Fence, if Owner still holds it
	Extend                // keep Key for TTL from now, if Owner still holds it
	Release               // delete Key, if Owner still holds it
	Enroll                // have Owner, which is a process that waits, woken when Key is free
	Leave                 // have it woken no more
)

// Command is one question to a node.
type Command struct {
	Op      Op
	Key     string
	Owner   string
	TTL     time.Duration // of Grant and Extend; whole milliseconds
	Counter string        // of Grant and Raise where grants are fenced: Counter(Key)
	Line    string        // of Enroll and Leave: Line(Key)
	Since   int64         // of Enroll: since when Owner waits, in µs of the nodes' clocks
	Fence   uint64        // of Grant: the fence that is proposed, in ticks of node time, 0 for none; of Raise: the fence
	Round   uint32        // handed back with the answer
	To      Sink          // who gets the answer; nil: nobody
}

// Reply is a node's answer. The zero Reply is a plain no.
type Reply struct {
	Yes   bool   // done as asked
	Fence uint64 // of a Grant by script
	// Left is for how long another owner still holds the key, of a refused Grant, 0 when unknown, and of an Enroll that is
	// not answered with a Yes, which means that the key is free.
	Left time.Duration
	// Alone: of an Enroll, no other process stands in the line.
	Alone bool
	// Holder is the owner that holds the key, of a refused Grant; empty when the node does not tell, or when it is none of
	// this library's.
	Holder string
	Err    error // not nil: no answer that counts; an [*Error]
	// Untouched: Err is set, and the node certainly stored nothing, or the command never left this process.
	Untouched bool
}

// Sink takes answers. Answer is called exactly once for each command that [Node.Send] accepted, from the lane's
// goroutine: it must not block.
type Sink interface {
	Answer(node int, round uint32, reply Reply)
}
