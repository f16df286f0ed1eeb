package chaos

import (
	"slices"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// states returns how nodes are doing at a moment, from what was done to them. One that may have forgotten votes is quiet
// for the quarantine after that.
func states(count int, strikes []history.Strike, quarantine, at time.Duration) []State {
	all := make([]State, count)
	for n := range all {
		all[n] = Up
	}
	for i := range strikes {
		s := &strikes[i]
		state := stateUnder(s, quarantine, at)
		if state == Up {
			continue
		}
		for _, n := range s.Nodes {
			if all[n] == Up || all[n] == Quiet { // what is done to a node now shows before what is left of an earlier fault
				all[n] = state
			}
		}
	}
	return all
}

// stateUnder returns what one strike makes of its nodes at a moment.
func stateUnder(s *history.Strike, quarantine, at time.Duration) State {
	over := s.End.Until > 0 && at >= s.End.Until
	forgets := slices.Contains(s.Effects, history.Amnesia)
	switch {
	case at < s.Begin.From:
		return Up
	case !over:
		return stateOf(s.Fault)
	case forgets && at < s.End.Until+quarantine:
		return Quiet
	}
	return Up
}

// stateOf returns what a fault makes of a node while it is there.
func stateOf(name string) State {
	word, _, _ := strings.Cut(strings.ReplaceAll(name, ",", ""), " ")
	state, known := map[string]State{
		"kill": Dead, "pause": Hung, "cut": CutOff, "slow": Slowed, "lost-replies": Lossy,
		"black-hole": Silent, "flush": Quiet, "step": WrongTime, "rate": WrongTime,
	}[word]
	if !known {
		return Up
	}
	return state
}
