package sim

import (
	"fmt"
	"strings"
)

// Mutant is a way in which the twins are broken on purpose: a checker that never fails proves nothing. The zero Mutant
// breaks nothing.
type Mutant uint8

const (
	Intact Mutant = iota

	// Of the node.
	Canary
	DelWithoutOwner
	NoQuarantine
	NoMeta
	NoDeadline
	NoTombstones
	CounterFromZero
	StaleCounter
	OneFormer
	ExtendCreates
	AnyMembers
	LiftedBlindly
	OneHistory
	ClientExpiry

	// Of the client.
	OneOwner
	SilentGrants
	CountTwice
	NoSecondPhase
	NoDrift
	OlderAttempt
	HalfQuorum
	WindowFromReply
	WindowUnchecked
	LateExtend
	NoUndo
	FreshBelievedLate
	OldClock
	AnyPolicy
	StaysDown
	OneSurvey
	NoReview
	LookFromReply
	OrderLost
	OwedUnburied
	StrayUnburied
	ShortGrace

	// Of both: TestKnownDeclarationArrivesLate.
	DeclaredLate
	mutants
)

var mutantTexts = [mutants]struct{ name, does string }{
	Intact:            {"intact", "nothing is broken"},
	Canary:            {"canary", "a grant overwrites whoever holds the key"},
	DelWithoutOwner:   {"delete without owner", "a release deletes whoever's key"},
	NoQuarantine:      {"no quarantine", "a node votes although it may have forgotten votes"},
	NoMeta:            {"no meta", "a grant does not ask what the node remembers"},
	NoDeadline:        {"no deadline", "a grant that comes late is carried out"},
	NoTombstones:      {"no tombstones", "an undo that comes first is forgotten"},
	CounterFromZero:   {"counter from zero", "a fence counter that is missing starts at 1"},
	StaleCounter:      {"stale counter", "a fence counter that an old state brought back is taken as it is"},
	OneFormer:         {"one former history", "of a durable node's histories only the last one before the present is looked at"},
	ExtendCreates:     {"extend creates", "an extend stores a key that is gone"},
	AnyMembers:        {"any members", "clients with other members are served"},
	OneSurvey:         {"one survey", "what was known of a node before it was told what to remember is believed"},
	NoReview:          {"no review", "nobody looks at a server again while its connections stay"},
	LookFromReply:     {"look from reply", "a look at a server serves from when it was answered, however late that is"},
	OrderLost:         {"order lost", "a release is not asked again when the grant before it is"},
	OwedUnburied:      {"owed unburied", "releases that a node is owed leave no tombstones"},
	StrayUnburied:     {"stray unburied", "releases soon after trouble leave no tombstones"},
	ShortGrace:        {"short grace", "tombstones stay as if the clock of a node were known better than it is"},
	StaysDown:         {"stays down", "a node that was given up is never taken for up again"},
	DeclaredLate:      {"declared late", "a node believes that it is new although it forgot votes since that was sent"},
	LiftedBlindly:     {"lifted blindly", "a node that remembered nothing is let vote at once whatever it has forgotten since"},
	OneHistory:        {"one history", "what a process evicted, or was given by another master, is not looked at"},
	ClientExpiry:      {"client expiry", "keys expire at a time by the client's clock (PXAT)"},
	OneOwner:          {"one owner", "all tries of a caller go under one owner"},
	SilentGrants:      {"silence grants", "a timeout counts as a grant"},
	CountTwice:        {"count twice", "a reply counts for the next node as well"},
	NoSecondPhase:     {"no second phase", "a raise that was never sent counts as done"},
	NoDrift:           {"no drift", "the window is as long as the TTL"},
	OlderAttempt:      {"older attempt", "a reply to a former attempt counts in the present one"},
	HalfQuorum:        {"half quorum", "N/2 grants are enough"},
	WindowFromReply:   {"window from reply", "the window is counted from the first reply"},
	WindowUnchecked:   {"window unchecked", "nobody looks whether the window has closed when the lease is handed out"},
	LateExtend:        {"late extend", "replies to an older extend count in the newest"},
	NoUndo:            {"no undo", "lost rounds are not undone"},
	FreshBelievedLate: {"fresh believed late", "that nodes are new is believed at the first grant, however late that is"},
	OldClock:          {"old clock", "what is known of a node's clock is taken for right however old it is"},
	AnyPolicy:         {"any policy", "nodes that may drop keys are asked for grants"},
}

// ParseMutant returns the mutant of a name; spaces may be dashes.
func ParseMutant(name string) (Mutant, error) {
	for m := range mutants {
		if strings.ReplaceAll(mutantTexts[m].name, " ", "-") == strings.ReplaceAll(name, " ", "-") {
			return m, nil
		}
	}
	return Intact, fmt.Errorf("unknown mutant %q", name)
}

// Mutants returns all that break something.
func Mutants() []Mutant {
	var all []Mutant
	for m := Canary; m < mutants; m++ {
		all = append(all, m)
	}
	return all
}

// String returns the mutant's name in lower case.
func (m Mutant) String() string { return mutantTexts[m].name }

// Does says what is broken, in a sentence without its full stop.
func (m Mutant) Does() string { return mutantTexts[m].does }

// believes reports whether a node may be told that it is new although it may have forgotten something by then.
func (m Mutant) believes() bool { return m == DeclaredLate || m == FreshBelievedLate }
