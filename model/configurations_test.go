package model

// configuration is one search: a model, its bounds, and the rule that it is given.
type configuration struct {
	model   string
	name    string // of the rule, as in the model's VARIANT
	defines string
	right   bool // no error is expected; otherwise one is
	states  int  // how many a right rule's search visits at least: one that ends early proves nothing
	depth   int  // of the search, for a wrong rule whose error lies near the beginning; 0 for no bound that matters
	full    bool // takes minutes
}

var configurations = []configuration{
	// R5, one fence for each lease, and blocks.
	{model: "fence", name: "RIGHT", right: true, states: 150_000},
	{model: "fence", name: "RIGHT", defines: "-DB=2", right: true, states: 150_000},
	{model: "fence", name: "RIGHT", defines: "-DB=2 -DFLOORS=1", right: true, states: 300_000},
	{model: "fence", name: "RIGHT", defines: "-DN=2 -DA=3 -DCOUNTERS=0", right: true, states: 40_000},
	{model: "fence", name: "RIGHT", defines: "-DN=4 -DCOUNTERS=0", right: true, states: 800_000},
	{model: "fence", name: "RIGHT", defines: "-DFLOORS=2", right: true, states: 1_800_000, full: true},
	{model: "fence", name: "RIGHT", defines: "-DB=2 -DFLOORS=2 -DCOUNTERS=2", right: true, states: 1_200_000, full: true},
	{model: "fence", name: "NO_RAISE", defines: "-DORDER=0"},
	{model: "fence", name: "RAISE_ANYONE", defines: "-DORDER=0"},
	{model: "fence", name: "RAISE_ALWAYS", defines: "-DORDER=0"},
	{model: "fence", name: "RAISE_ALWAYS", defines: "-DORDER=0 -DB=2"},
	{model: "fence", name: "LARGER_COUNTS", defines: "-DORDER=0"},
	{model: "fence", name: "RAISE_SHORT", defines: "-DORDER=0 -DB=2"},
	{model: "fence", name: "CANARY"},
	{model: "fence", name: "CANARY", defines: "-DB=2"},

	// R5 holds out against grants that are carried out twice, because of what a raise demands of the counter.
	{model: "fence", name: "RIGHT", defines: "-DREPEATS=1 -DN=2", right: true, states: 25_000},
	{model: "fence", name: "RIGHT", defines: "-DREPEATS=1 -DCOUNTERS=0", right: true, states: 7_000_000, full: true},
	{model: "fence", name: "RAISE_LARGER", defines: "-DREPEATS=1 -DORDER=0"},

	// R2, R4, R7.
	{model: "rounds", name: "RIGHT", right: true, states: 10_000},
	{model: "rounds", name: "RIGHT", defines: "-DEXTENDS=2", right: true, states: 300_000},
	{model: "rounds", name: "RIGHT", defines: "-DTRIES=2 -DN=2", right: true, states: 60_000},
	{model: "rounds", name: "RIGHT", defines: "-DTRIES=2", right: true, states: 3_000_000, full: true},
	{model: "rounds", name: "RIGHT", defines: "-DEXTENDS=2 -DTTL=3 -DWAIT=2", right: true, states: 1_400_000, full: true},
	{model: "rounds", name: "OLD_REPLIES", defines: "-DEXTENDS=2", depth: 140},
	{model: "rounds", name: "ONE_OWNER", defines: "-DTRIES=2"},
	{model: "rounds", name: "UNDO_HEARD"},
	{model: "rounds", name: "EXTEND_CREATES", defines: "-DEXTENDS=1"},
	{model: "rounds", name: "FROM_REPLY"},
	{model: "rounds", name: "HALF"},
	{model: "rounds", name: "CANARY"},

	// R4: a late grant needs both a deadline and a tombstone, or a deadline and lanes.
	{model: "rounds", name: "RIGHT", defines: "-DTOMBSTONES=0"},
	{model: "rounds", name: "RIGHT", defines: "-DDEADLINES=0"},
	{model: "rounds", name: "RIGHT", defines: "-DTOMBSTONES=0 -DLANES=1", right: true, states: 10_000},
	{model: "rounds", name: "RIGHT", defines: "-DTOMBSTONES=0 -DLANES=1 -DEXTENDS=2", right: true, states: 200_000, full: true},
	{model: "rounds", name: "RIGHT", defines: "-DTOMBSTONES=0 -DLANES=1 -DTRIES=2", right: true, states: 1_600_000, full: true},
	{model: "rounds", name: "RIGHT", defines: "-DTOMBSTONES=0 -DLANES=1 -DTRIES=2 -DEXTENDS=1", right: true, states: 11_000_000, full: true},
	{model: "rounds", name: "RIGHT", defines: "-DTOMBSTONES=0 -DDEADLINES=0 -DLANES=1"},
}
