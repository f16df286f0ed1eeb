package sim

// Mutant is a way in which the twins are broken on purpose: a checker that never fails proves nothing. The zero Mutant
// breaks nothing.
type Mutant uint8

const (
	Intact Mutant = iota

	// Of the node.
	Canary          // a grant overwrites whoever holds the key
	DelWithoutOwner // a release deletes whoever's key
	NoQuarantine    // a node votes although it may have forgotten votes
	NoMeta          // a grant does not ask what the node remembers
	NoDeadline      // a grant that comes late is carried out
	NoTombstones    // an undo that comes first is forgotten
	CounterFromZero // a fence counter that is missing starts at 1
	StaleCounter    // a fence counter that an old state brought back is taken as it is
	OneFormer       // of a durable node's histories only the last one before the present is looked at
	ExtendCreates   // an extend stores a key that is gone
	AnyMembers      // clients with other members are served
	ClientExpiry    // keys expire at a time by the client's clock (PXAT)

	// Of the client.
	OneOwner        // all tries of a caller go under one owner
	SilentGrants    // a timeout counts as a grant
	CountTwice      // a reply counts for the next node as well
	NoSecondPhase   // a raise that was never sent counts as done
	NoDrift         // the window is as long as the TTL
	OlderAttempt    // a reply to a former attempt counts in the present one
	HalfQuorum      // N/2 grants are enough
	WindowFromReply // the window is counted from the first reply
	WindowUnchecked // nobody looks whether the window has closed when the lease is handed out
	LateExtend      // replies to an older extend count in the newest
	NoUndo          // lost rounds are not undone
	mutants
)

var mutantNames = [mutants]string{"intact", "canary", "delete without owner", "no quarantine", "no meta", "no deadline",
	"no tombstones", "counter from zero", "stale counter", "one former history",
	"extend creates", "any members", "client expiry", "one owner", "silence grants",
	"count twice", "no second phase", "no drift", "older attempt", "half quorum", "window from reply", "window unchecked",
	"late extend", "no undo"}

// String returns the mutant's name in lower case.
func (m Mutant) String() string { return mutantNames[m] }
