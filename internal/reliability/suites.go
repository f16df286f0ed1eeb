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
	Whole   bool
	Short   bool // of what has no size of its own
}

// full and quick are the sizes without and with -quick.
var (
	full  = sizes{Sim: 5 * time.Minute, Seed: 1, Compare: time.Minute, Worlds: 36, Fences: 1_000_000, Cycles: 1_000_000}
	quick = sizes{Sim: 10 * time.Second, Seed: 1, Compare: 5 * time.Second, Worlds: 12, Fences: 20_000, Cycles: 20_000, Short: true}
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
			name: "simulate", does: "the protocol in seeded worlds of virtual time: nodes, clients, links and clocks that fail",
			more: "[simulation.md](simulation.md) has what is simulated, what is not, and what is known. Overlaps beyond the assumptions are of runs whose clocks break A1 or A2; fences must hold there as well.",
			pkg:  "./internal/sim", tests: []string{"TestSimulate"}, flags: append([]string{"-duration", z.Sim.String()}, seed...),
			counts: []string{"runs", "simulated_hours", "acquisitions"}, never: []string{"violations"},
		},
	}
}

// trips tells how many acquisitions took one round trip.
func trips(f record.Figures) []string {
	return []string{
		percent(f["acquisitions_without_faults"]-f["second_trips_without_faults"], f["acquisitions_without_faults"]) + " in one round trip without faults",
		percent(f["acquisitions"]-f["second_trips"], f["acquisitions"]) + " with faults",
	}
}
