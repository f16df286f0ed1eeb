package protocol_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/protocol"
)

var (
	seed  = flag.Uint64("seed", 0, "run the property test from this seed; 0 draws one")
	lives = flag.Int("lives", 10_000, "how many random lives the property test looks at")
)

// Whatever nodes answer, in whatever order, however late, twice, or to rounds long gone, whenever the caller calls and
// whatever the wall clock does, a lease keeps the rules that the witness looks at.
func TestEveryLifeKeepsTheRules(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("again with: go test -run '^%s$' -seed %d", t.Name(), s)
	seen := map[string]int{}
	for i := range *lives {
		r := rand.New(rand.NewPCG(s, uint64(i)))
		options := drawOptions(r)
		events, err := live(r, options, seen)
		if err != nil {
			events, err = shrink(options, events, err)
			t.Fatalf("life %d: %v\n%s", i, err, transcribe(options, events))
		}
	}
	// No empty pass: every end must have been reached, and every way to it.
	for _, what := range []string{
		"over taken", "over no quorum", "over late", "over cancelled", "over forfeited", "over unlocked",
		"settled freed", "settled too late", "settled unknown",
		"raise", "opened after a raise", "heal", "renewed", "kept", "disowned",
	} {
		if got, want := seen[what], *lives/1000; got < want {
			t.Errorf("%s: got %d times in %d lives want at least %d; the test proves too little", what, got, *lives, want)
		}
	}
}

func drawOptions(r *rand.Rand) []string {
	options := []string{fmt.Sprintf("nodes=%d", 1+r.IntN(7)), fmt.Sprintf("jitter=%.3f", r.Float64())}
	if r.IntN(4) == 0 {
		options = append(options, "plain")
	}
	if r.IntN(4) == 0 {
		options = append(options, "norenew")
	}
	if r.IntN(4) == 0 {
		options = append(options, "budget=5s")
	}
	if r.IntN(4) == 0 {
		options = append(options, "maxhold=2s")
	}
	return options
}

// steps are how far apart two events are that are not at the same time.
var steps = []time.Duration{1, time.Millisecond, 2 * time.Millisecond, 30 * time.Millisecond, 300 * time.Millisecond, time.Second}

// live makes up a life and returns its events, up to the first that broke a rule.
func live(r *rand.Rand, options []string, seen map[string]int) (events []event, err error) {
	var s story
	if err := s.open(options); err != nil {
		return nil, err
	}
	w := newWitness(s.params, s.lease)
	granting, silence := r.Float64(), r.Float64()/2
	if r.IntN(3) > 0 {
		granting = 1 - granting/2 // most lives shall get beyond the first round
	}
	fences := 1 + r.IntN(3)
	restless := r.IntN(3) == 0 // the wall clock is set, or the machine suspended
	var e event
	for range 20 + r.IntN(60) {
		if r.IntN(2) == 0 {
			e.at += steps[r.IntN(len(steps))]
		}
		if restless && r.IntN(20) == 0 {
			e.lead += time.Duration(r.IntN(4001)-1000) * time.Millisecond
		}
		choose(r, w, &e, granting, silence, fences)
		events = append(events, e)
		if err := w.apply(e); err != nil {
			return events, err
		}
	}
	w.tally(seen)
	return events, nil
}

// choose makes up the next event.
func choose(r *rand.Rand, w *witness, e *event, granting, silence float64, fences int) {
	switch dice := r.IntN(100); {
	case w.lease.Phase() == protocol.Idle && dice < 80:
		e.what = "start"
	case dice < 15:
		e.what = "tick"
		if next, some := w.lease.Next(); some && r.IntN(3) > 0 {
			e.at = max(e.at, next.Mono())
		}
	case dice == 15:
		e.what = "cancel"
	case dice == 16:
		e.what = "start" // a second one, mostly
	case dice < 22:
		e.what = "extend"
	case dice < 24:
		e.what = "release"
	default:
		e.what = "reply"
		e.round = w.newest
		if r.IntN(4) == 0 {
			e.round = uint32(r.IntN(int(w.newest) + 2))
		}
		e.reply = protocol.Reply{Vote: protocol.Refused}
		switch {
		case r.Float64() < granting:
			e.reply.Vote = protocol.Granted
			if w.p.Fenced && (w.asked[e.round].op == protocol.Grant || e.round == 0) {
				e.reply.Fence = uint64(1 + r.IntN(fences))
			}
		case r.Float64() < silence:
			e.reply.Vote = []protocol.Vote{protocol.Silent, protocol.Unasked}[r.IntN(2)]
		}
		// Only a node that was asked answers.
		e.node = r.IntN(w.p.Rule.Nodes())
		if q, asked := w.asked[e.round]; asked {
			for !q.nodes.Has(e.node) {
				e.node = r.IntN(w.p.Rule.Nodes())
			}
		}
	}
}

// tally counts what a life has been through.
func (w *witness) tally(seen map[string]int) {
	if w.lease.Phase() == protocol.Over {
		seen["over "+ends[w.lease.End()]]++
	}
	if w.count[protocol.Settled] > 0 {
		seen["settled "+freed[w.lease.Freed()]]++
	}
	for _, q := range w.asked {
		if q.op == protocol.Raise {
			seen["raise"]++
			seen["opened after a raise"] += w.count[protocol.Opened]
		}
	}
	seen["heal"] += len(w.healed)
	seen["renewed"] += w.count[protocol.Renewed]
	seen["kept"] += w.count[protocol.Kept]
	if _, refused, _ := w.votes(w.newest); w.lease.End() == protocol.Forfeited && w.hopeless(refused) {
		seen["disowned"]++
	}
}

// shrink leaves out every event without which a rule is broken as well.
func shrink(options []string, events []event, err error) ([]event, error) {
	for i := len(events) - 1; i >= 0; i-- {
		fewer := slices.Delete(slices.Clone(events), i, i+1)
		if n, broken := relive(options, fewer); broken != nil {
			events, err = fewer[:n], broken
			i = min(i, n)
		}
	}
	return events, err
}

// relive returns after how many events a rule was broken, and which.
func relive(options []string, events []event) (int, error) {
	var s story
	if err := s.open(options); err != nil {
		return 0, nil
	}
	w := newWitness(s.params, s.lease)
	for i, e := range events {
		// An answer to a question that is not asked any more says nothing.
		if q, asked := w.asked[e.round]; e.what == "reply" && e.round != 0 && (!asked || !q.nodes.Has(e.node)) {
			continue
		}
		if err := w.apply(e); err != nil {
			return i + 1, err
		}
	}
	return 0, nil
}

// transcribe writes events down as a transcript, which can be kept in testdata.
func transcribe(options []string, events []event) string {
	var out strings.Builder
	fmt.Fprintln(&out, "lease", strings.Join(options, " "))
	lead := time.Duration(0)
	for _, e := range events {
		if e.lead != lead {
			fmt.Fprintf(&out, "%v wall %v\n", e.at, e.lead-lead)
			lead = e.lead
		}
		fmt.Fprintf(&out, "%v %s", e.at, e.what)
		if e.what == "reply" {
			for word, vote := range votes {
				if vote == e.reply.Vote {
					fmt.Fprintf(&out, " %d #%d %s", e.node, e.round, word)
				}
			}
			if e.reply.Fence != 0 {
				fmt.Fprintf(&out, " fence=%d", e.reply.Fence)
			}
		}
		fmt.Fprintln(&out)
	}
	text, err := replay(out.String())
	if err != nil {
		return out.String()
	}
	return text
}
