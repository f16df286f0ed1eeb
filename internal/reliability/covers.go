package main

// claim is an invariant or a rule, and what looks whether it holds.
type claim struct {
	name, says string
	suites     []string
	tests      []string // of `make test`, beside the suites
}

// invariants are what the simulator, the suites and the tests look at, by the names that they use.
var invariants = []claim{
	{"I1", "the times for which two leases of a key may be trusted do not overlap", []string{"simulate", "driver", "models", "processes", "clocks", "memory", "waits", "soak"}, nil},
	{"I2", "no fence is given twice, whatever clocks do", []string{"simulate", "driver", "models", "fences", "clocks", "memory", "soak"}, nil},
	{"I3", "fences rise in the order of grants, and in that of leases", []string{"simulate", "models", "processes", "fences", "soak"}, nil},
	{"I4", "a storage that refuses smaller fences never goes back", []string{"simulate", "writers", "soak"}, nil},
	{"I5", "a node's key is removed or extended by its own attempt only, or expires", []string{"simulate", "mutants", "models", "differential"}, nil},
	{"I6", "until a lease's window ends, a majority holds its key", []string{"simulate", "driver"}, nil},
	{"I7", "each grant that counts was stored for that owner when the node replied", []string{"simulate", "differential"}, nil},
	{"I8", "after the faults somebody who waits gets a free key", []string{"simulate", "driver", "waits", "soak"}, nil},
	{"I9", "with a minority of faulty nodes and no contention the first round wins", []string{"simulate", "soak"}, []string{"TestMinorityKilledDuringRounds"}},
	{"I10", "after a release, a cancel or Close no key is left on a node that can be reached", []string{"simulate", "driver", "models", "orphans", "soak"}, []string{"TestThousandCancelledLocksLeaveNothing"}},
	{"I11", "nothing outlives Close: no goroutine, connection or timer; no panic, no data race", []string{"driver", "waits"}, []string{"TestCloseLeavesNothing"}},
	{"I12", "a run in which too little happens fails", nil, nil},
}

// rules are those of how-it-works.md.
var rules = []claim{
	{"R1", "exclusion", []string{"simulate", "driver", "models", "processes", "clocks", "memory", "soak"}, nil},
	{"R2", "one round, under an owner of its own, counted once", []string{"simulate", "mutants", "models", "checks"}, nil},
	{"R3", "a grant that is asked again", []string{"simulate", "differential"}, []string{"TestLostRepliesOfAMajorityAreNotHeld"}},
	{"R4", "nothing of ours stays", []string{"simulate", "mutants", "models", "orphans", "soak"}, nil},
	{"R5", "fences", []string{"simulate", "models", "fences", "writers", "soak"}, nil},
	{"R6", "memory that was lost", []string{"simulate", "mutants", "memory", "checks", "soak"}, nil},
	{"R7", "renewal", []string{"simulate", "mutants", "models"}, nil},
	{"R8", "the holder knows first", []string{"simulate", "driver", "soak"}, []string{"TestMajorityKilledWhileHoldingIsTold"}},
	{"R9", "a slow or dead node costs nothing", []string{"driver"}, []string{"TestHungMinorityIsDoneWithout"}},
	{"A2", "clocks that step", []string{"simulate", "clocks"}, nil},
}
