package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/quorumlock/quorumlock/internal/record"
)

// sizes are how much is run.
type sizes struct {
	Sim     time.Duration
	Seed    uint64
	Compare time.Duration
	Worlds  int
	Fences  int
	Cycles  int
	Waits   int
	Soak    time.Duration
	Whole   bool
	Short   bool // of what has no size of its own
}

// full and quick are the sizes without and with -quick.
var (
	full  = sizes{Sim: 5 * time.Minute, Seed: 1, Compare: time.Minute, Worlds: 36, Fences: 1_000_000, Cycles: 1_000_000, Waits: 1_000_000, Soak: 10 * time.Minute}
	quick = sizes{Sim: 10 * time.Second, Seed: 1, Compare: 5 * time.Second, Worlds: 12, Fences: 20_000, Cycles: 20_000, Waits: 20_000, Soak: 30 * time.Second, Short: true}
)

// names are the names of all suites, in order.
func names() []string {
	var all []string
	for _, s := range suites(full) {
		all = append(all, s.name)
	}
	return all
}

// suites are all suites. Those that are over soon come first, so that what fails does so early.
func suites(z sizes) []suite {
	var models []string
	if z.Whole {
		models = []string{"-args", "-full"}
	}
	var short []string
	if z.Short {
		short = []string{"-short"}
	}
	seed := []string{"-seed", strconv.FormatUint(z.Seed, 10)}
	return []suite{
		{
			name: "mutants", does: "the simulator's checkers, each shown a protocol that is broken on purpose",
			more: "Two mutants of the fence are not among them, because random runs do not find them: the models do.",
			pkg:  "./internal/sim", tests: []string{"TestMutantsAreKilled"},
			whole: map[string]string{"killed": "of"},
		},
		{
			name: "models", does: "the rules of fences, rounds, undo and extends as models, in every order of events within bounds",
			more: "[model.md](model.md) has the models, their bounds, and each wrong rule's counterexample.",
			pkg:  "./model", tests: []string{"TestModels"}, flags: models, tools: []string{"spin", "cc"},
			counts: []string{"states", "right_rules"}, never: []string{"errors_in_right_rules"},
			whole: map[string]string{"wrong_rules_found_out": "wrong_rules"},
		},
		{
			name: "writers", does: "four processes add to a counter under the lock, and are frozen in the midst of it",
			more: "They never look whether they still hold the lock. A counter that compares no fences loses updates, which shows that the freezes bite; one that refuses smaller fences loses none.",
			pkg:  "./integration", tests: []string{"TestFencesSaveWhatFrozenClientsWouldOverwrite"}, tools: []string{"docker"},
			counts: []string{"updates_with_fences", "updates_lost_without_fences", "accesses_refused"}, never: []string{"updates_lost_with_fences"},
		},
		{
			name: "processes", does: "two processes share a key on five containers, of which one or two at a time are killed and come back",
			pkg: "./integration", tests: []string{"TestTwoProcessesExcludeEachOther"}, flags: short, tools: []string{"docker"},
			counts: []string{"cycles"}, never: []string{"two_holders", "cycles_lost"},
		},
		{
			name: "clocks", does: "real Redis with clocks that run apart and step, by a library that is loaded before it",
			pkg: "./integration",
			tests: []string{
				"TestClocksThatDisagree", "TestClockThatStepsWhileALockIsHeld", "TestClocksThatStepWhileOneWaits", "TestFencesSurviveAMajorityThatSteps",
			},
			tools: []string{"cc", "redis-server"}, never: []string{"violations"},
		},
		{
			name: "memory", does: "real Redis that loses its memory: emptied, set back to an older state, its log cut off, promoted",
			pkg: "./integration",
			tests: []string{
				"TestLostVoteIsNotGivenTwice", "TestMishapGivesNoSecondVote", "TestPromotedReplicaWaits", "TestOldStateOnEveryNode",
				"TestKilledServerKeepsWhatItAcknowledged", "TestDeclaredNodes", "TestReloadedServerRemembers",
			},
			tools: []string{"docker", "redis-server"}, never: []string{"violations"},
		},
		{
			name: "differential", does: "the same random commands to the scripts' twin in the simulator, to the scripts in miniredis, and to real Redis",
			pkg: "./internal/twin", tests: []string{"TestTwinSaysWhatTheScriptsSay", "TestTwinSaysWhatRedisSays"},
			flags: append([]string{"-duration", z.Compare.String()}, seed...), tools: []string{"redis-server"},
			counts: []string{"sequences", "commands", "replies"}, never: []string{"differences"},
		},
		{
			name: "driver", does: "the whole library, with its goroutines, timers and connections, on masters in memory with faults",
			pkg: "./internal/proof", tests: []string{"TestDriver"}, flags: append([]string{"-seeds", strconv.Itoa(z.Worlds)}, seed...),
			counts: []string{"seeds", "acquisitions"}, never: []string{"violations"}, least: map[string]int{"seeds": z.Worlds},
		},
		{
			name: "fences", does: "128 keys on five real nodes that are killed, forget and freeze, and a holder that is frozen for longer than its lease",
			more: "Four fifths run on `redis-server` processes whose clocks are up to 0.6 s apart, a fifth on containers. Whenever a node is killed, a client begins that has never seen it. Before the faults come, a fifth as many acquisitions are made without any.",
			pkg:  "./integration", tests: []string{"TestFencesRiseThroughFaults"}, env: []string{fmt.Sprintf("QUORUMLOCK_FENCES=%d", z.Fences)},
			tools: []string{"docker", "redis-server", "cc"}, counts: []string{"acquisitions", "acquisitions_without_faults"},
			least: map[string]int{"acquisitions": z.Fences}, never: []string{"out_of_order"}, also: trips,
		},
		{
			name: "orphans", does: "locks that are cancelled at random moments, or unlocked, on five real nodes of which one or two freeze and go on",
			more: "Nine tenths run on `redis-server` processes, a tenth on containers. The TTL is three hours, so that nothing that is left expires before it is counted.",
			pkg:  "./integration", tests: []string{"TestNothingIsLeftThroughCancelsAndHangs"}, env: []string{fmt.Sprintf("QUORUMLOCK_CYCLES=%d", z.Cycles)},
			tools: []string{"docker", "redis-server"}, counts: []string{"cycles", "cancelled", "held"},
			least: map[string]int{"cycles": z.Cycles}, never: []string{"keys_left"},
		},
		{
			name: "waits", does: "six lockers, four of them processes, take four keys from each other and give up at random moments, while nodes and processes are killed",
			more: "Nine tenths run on `redis-server` processes, a tenth on containers. A gap is a time in which nobody got a key while somebody waited for it all the time. A wake-up is lost when a gap is longer than the TTL, three times `NodeTimeout` and a second together, which is 4.5 s, and a hand-over stalls when one is longer than 0.3 s and no fault is near; ten times as long as a lock takes meanwhile that nobody else wants is added to both, for a machine that is busy. One of a hundred may take more than 0.1 s near no fault. Before the faults come, a fifth of the hand-overs is made without any.",
			pkg:  "./integration", tests: []string{"TestNoWakeUpIsLost"}, env: []string{fmt.Sprintf("QUORUMLOCK_HANDOVERS=%d", z.Waits)},
			tools: []string{"docker", "redis-server"}, counts: []string{"hand_overs", "hand_overs_between_processes", "cancelled"},
			least: map[string]int{"hand_overs": z.Waits},
			never: []string{"second_holders", "fences_out_of_order", "lost_wake_ups", "keys_left", "lines_left_without_faults", "goroutines_left", "connections_left"},
			also:  gaps,
		},
		{
			name: "checks", does: "chaos runs with lockers that are wrong on purpose, and with the library, under one plan",
			more: "[chaos.md](chaos.md) says what is wrong with each. The plan is `integration/soak/broken.yaml`.",
			pkg:  "./integration/soak", tests: []string{"TestBrokenLockersAreFoundOut"}, tools: []string{"redis-server"},
			counts: []string{"runs"}, whole: map[string]string{"found_out": "lockers"},
		},
		{
			name: "soak", does: "four processes lock on five containers while everything that a chaos run knows happens to these, and to the processes",
			more: "Tries are of keys that nobody else wants, in one round; they are told by the fault that was there. While a majority is away none can be won.",
			pkg:  "./integration/soak", tests: []string{"TestSoak"}, env: []string{"QUORUMLOCK_SOAK=" + z.Soak.String()},
			tools: []string{"docker"}, counts: []string{"minutes", "cycles", "operations"}, least: map[string]int{"minutes": int(z.Soak.Minutes())},
			never: []string{"violations", "keys_left"}, also: wins,
		},
		{
			name: "simulate", does: "the protocol in seeded worlds of virtual time: nodes, clients, links and clocks that fail",
			more: "[simulation.md](simulation.md) has what is simulated, what is not, and what is known. Overlaps beyond the assumptions are of runs whose clocks break A1 or A2; fences must hold there as well.",
			pkg:  "./internal/sim", tests: []string{"TestSimulate"}, flags: append([]string{"-duration", z.Sim.String()}, seed...),
			counts: []string{"runs", "simulated_hours", "acquisitions"}, never: []string{"violations"},
		},
	}
}

// wins tells how many tries won without faults, and with faults that leave a majority.
func wins(f record.Figures) []string {
	return []string{
		percent(f["tries_won_without_faults"], f["tries_without_faults"]) + " of first tries won without faults",
		percent(f["tries_won_with_a_majority"], f["tries_with_a_majority"]) + " with faults of a minority",
	}
}

// trips tells how many acquisitions took one round trip.
func trips(f record.Figures) []string {
	return []string{
		percent(f["acquisitions_without_faults"]-f["second_trips_without_faults"], f["acquisitions_without_faults"]) + " in one round trip without faults",
		percent(f["acquisitions"]-f["second_trips"], f["acquisitions"]) + " with faults",
	}
}

// gaps tells for how long nobody got a key for which somebody waited, at most.
func gaps(f record.Figures) []string {
	return []string{
		"nobody got a key for " + number(f["largest_gap_in_seconds"]) + " s at most",
		"and for " + number(f["largest_gap_that_no_fault_explains_in_seconds"]) + " s where no fault is near",
	}
}
