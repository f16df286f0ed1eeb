package history

import "time"

// Kind is what a client did.
type Kind string

// The kinds of operations, and the fields that each of them sets beside Client, Key, Called, Returned and Outcome.
const (
	// Lock waits for a key that others want too. OK: Lease, Fence, Until. Its failure has an Error and Nodes.
	Lock Kind = "lock"
	// Try asks once for a key that nobody else wants. OK: Lease, Fence, Until.
	Try Kind = "try"
	// Hold is the time for which a client believed that it held the key: from the moment at which it had the lease, to the
	// moment at which it began to give it back, or was told that it was lost, whatever it did after that. OK: it gave it back; failed: it was lost.
	// Lease, Fence, Until, Alone.
	Hold Kind = "hold"
	// Extend is asked for by hand. Lease; OK: Until.
	Extend Kind = "extend"
	// Unlock gives the lease back. Lease, Fence.
	Unlock Kind = "unlock"
	// Read and Write are of a counter in a storage outside of the nodes. Lease, Fence (0: of the counter that looks at
	// none); OK: Value and Order.
	Read  Kind = "read"
	Write Kind = "write"
)

// Outcome is what became of an operation.
type Outcome string

// Whoever asked knows that it was done, knows that it was not, or does not know.
const (
	OK      Outcome = "ok"
	Fail    Outcome = "fail"
	Unknown Outcome = "unknown"
)

// Operation is one thing that a client did.
type Operation struct {
	Client  int    `json:"client"`  // counted over all processes, from 1
	Process int    `json:"process"` // whose client it is, from 0
	Kind    Kind   `json:"op"`
	Key     string `json:"key"`
	Alone   bool   `json:"alone,omitempty"` // no other client ever wants this key

	Called   time.Duration `json:"called"`
	Returned time.Duration `json:"returned"` // of an unknown outcome: when it was given up, and it may take effect later
	Outcome  Outcome       `json:"outcome"`
	Error    string        `json:"error,omitempty"`  // why it failed, in one line
	Reason   Reason        `json:"reason,omitempty"` // the same in one word

	Lease string        `json:"lease,omitempty"` // the owner value, which leases share that were handed over within a process
	Fence uint64        `json:"fence,omitempty"`
	Until time.Duration `json:"until,omitempty"` // until when the client has trusted the lease at the latest, however it ended
	Value uint64        `json:"value,omitempty"` // of a counter
	Order uint64        `json:"order,omitempty"` // of accesses to the storage: which came before which
	// Stalled is the longest time for which the client's process did not run, stopped by a fault or by a machine that had no
	// time for it, as far as that had a moment in common with the operation; of a Hold, with its last moments.
	Stalled time.Duration `json:"stalled,omitempty"`
}

// Reason is why an operation failed, by what a client could do about it.
type Reason string

// The reasons.
const (
	Held      Reason = "held"
	NoQuorum  Reason = "no-quorum"
	Expired   Reason = "expired"   // too late
	Cancelled Reason = "cancelled" // by the client itself, while it waited
	Lost      Reason = "lost"
	Stale     Reason = "stale" // the storage has seen a larger fence
	Other     Reason = "other"
)

// Belief returns for how long the client believed that the key is its own: a lease that is not trusted any more is not
// believed in, whenever its holder was told.
func (op *Operation) Belief() (from, until time.Duration) {
	return op.Called, max(op.Called, min(op.Returned, op.Until))
}
