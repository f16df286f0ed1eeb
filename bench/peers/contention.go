package main

import "fmt"

// This file is the part of the report about one key that many want.

func (r *page) oneKey() {
	r.line("## One key: 64 workers want it")
	r.line("")
	of := func(subject string, figure func(Measurement) float64) series {
		return r.of(pick{workload: oneKey, subject: subject}, figure)
	}
	var rows [][]string
	for _, k := range r.subjectsOf(oneKey) {
		p := pick{workload: oneKey, subject: k.Name}
		rate, average := of(k.Name, perSecond), of(k.Name, waitMean)
		rows = append(rows, []string{
			k.Name, rate.spread().text(""),
			ratio(rate, of(redsyncDefault, perSecond)).text("×"), ratio(rate, of(rueidisLock, perSecond)).text("×"),
			average.spread().median(), of(k.Name, waitP50).spread().median(), of(k.Name, waitP99).spread().median(),
			of(k.Name, waitMax).spread().high(),
			ratio(of(k.Name, waitP9999), average).text("×"), ratio(of(k.Name, waitMax), average).text("×"),
			r.failed(p), fmt.Sprint(r.sum(p, overlaps)), fmt.Sprint(r.sum(p, keysLeft)),
		})
	}
	r.table([]string{
		"subject", "hand-overs/s", "÷ redsync", "÷ rueidislock", "wait mean ms", "wait p50 ms", "wait p99 ms", "wait max ms",
		"p99.99 ÷ mean", "max ÷ mean", "gave up", "two holders", "keys left",
	}, rows)
	r.line("A lock is given back as soon as it is there. *Wait*: from asking to holding. *Gave up*: cycles that returned an error,")
	r.line("such as redsync's after 32 tries. *Two holders*: how often a worker held the key while another one did.")
	if still := r.of(pick{workload: stalls, subject: bystander}, stallMax); len(still) > 0 {
		r.line("")
		r.line("**What the machine makes everybody wait.** In a turn of the same length in each round nobody locks: a thread for each core")
		r.line("does nothing but read the clock. The longest time in a turn for which one of them did not run was %s ms,", still.spread().text(""))
		r.line("which is %s the mean wait of `Fenced` in the same round: a wait that meets such a stall cannot be shorter.", ratio(still, of(oursFenced, waitMean)).text("×"))
		r.line("The longest wait of `Fenced` was %s that stall.", ratio(of(oursFenced, waitMax), still).text("×"))
	}
	r.line("")
}

func (r *page) processes() {
	r.line("## One key: %d processes with %d workers each want it", processCount, processWorkers)
	r.line("")
	of := func(subject string, figure func(Measurement) float64) series {
		return r.of(pick{workload: processes, subject: subject}, figure)
	}
	var rows [][]string
	for _, k := range r.subjectsOf(processes) {
		p := pick{workload: processes, subject: k.Name}
		rows = append(rows, []string{
			k.Name, of(k.Name, perSecond).spread().text(""), ratio(of(k.Name, perSecond), of(redsyncDefault, perSecond)).text("×"),
			of(k.Name, waitP50).spread().median(), of(k.Name, waitP99).spread().median(),
			ratio(of(k.Name, waitP99), of(k.Name, waitP50)).text("×"), of(k.Name, waitMax).spread().high(),
			of(k.Name, smallest).spread().text(""),
			of(k.Name, func(m Measurement) float64 { return m.JainProc }).spread().median(),
			of(k.Name, func(m Measurement) float64 { return m.JainWorker }).spread().median(),
			r.failed(p), fmt.Sprint(r.sum(p, overlaps)), fmt.Sprint(r.sum(p, keysLeft)),
		})
	}
	r.table([]string{
		"subject", "hand-overs/s", "÷ redsync", "wait p50 ms", "wait p99 ms", "p99 ÷ p50", "wait max ms",
		"smallest share", "Jain, processes", "Jain, workers", "gave up", "two holders", "keys left",
	}, rows)
	r.line("Turns take %v. A lock is given back as soon as it is there. *Hand-overs*: how often anybody got the key. *Wait*: from", r.run.Settings.Processes)
	r.line("asking to holding, of all who got the key in the turn, and of those who were waiting when it ended. *Smallest share*: how")
	r.line("often the process got the key that got it least, against an eighth of all. *Jain*: Jain's index of fairness over how often")
	r.line("each got it: 1 when all did equally often, 1/n when one of n had everything. *Two holders*: how often one got the key while")
	r.line("another one, of any process, had it: from when Lock had returned until Unlock was called, which is less than a microsecond")
	r.line("for most.")
	r.line("")
}

func (r *page) handOver() {
	r.line("## One key: from one process to another")
	r.line("")
	of := func(subject string, figure func(Measurement) float64) series {
		return r.of(pick{workload: handOver, subject: subject}, figure)
	}
	var rows [][]string
	for _, k := range r.subjectsOf(handOver) {
		p := pick{workload: handOver, subject: k.Name}
		rows = append(rows, []string{
			k.Name, of(k.Name, passP50).spread().text(""), of(k.Name, passP99).spread().median(), of(k.Name, passMax).spread().high(),
			of(k.Name, lockP50).spread().text(""), ratio(of(k.Name, passP50), of(k.Name, lockP50)).text("×"),
			of(k.Name, restedP50).spread().text(""), ratio(of(k.Name, passP50), of(k.Name, restedP50)).text("×"),
			fmt.Sprint(r.sum(p, locks)), r.failed(p), fmt.Sprint(r.sum(p, overlaps)), fmt.Sprint(r.sum(p, keysLeft)),
		})
	}
	r.table([]string{
		"subject", "hand-over p50 ms", "p99 ms", "max ms", "one Lock p50 ms", "hand-over ÷ one Lock",
		"after a rest p50 ms", "hand-over ÷ that", "hand-overs", "gave up", "two holders", "keys left",
	}, rows)
	r.line("Two processes with a worker each; a lock is held for %v, and whoever does not hold it waits for it. *Hand-over*: from the", holdFor)
	r.line("call of Unlock in one process until Lock returns in the other. *One Lock*: one call of Lock for a key that nobody else wants,")
	r.line("by one of these clients, before that in the same turn, %d one after the other. *After a rest*: the same, when nothing had", r.run.Settings.Alone)
	r.line("happened for %v, as before a hand-over; processes and nodes that have slept take longer. *Hand-overs*: in all rounds together.", holdFor)
	r.line("")
}

func (r *page) killedHolder() {
	r.line("## One key: its holder is killed")
	r.line("")
	of := func(subject string, figure func(Measurement) float64) series {
		return r.of(pick{workload: killedHolder, subject: subject}, figure)
	}
	var rows [][]string
	for _, k := range r.subjectsOf(killedHolder) {
		p := pick{workload: killedHolder, subject: k.Name}
		rows = append(rows, []string{
			k.Name, of(k.Name, passP50).spread().text(""), of(k.Name, passMax).spread().high(), of(k.Name, lockP99).spread().median(),
			fmt.Sprint(r.sum(p, tooEarly)), fmt.Sprint(r.sum(p, locks)), fmt.Sprint(r.sum(p, keysLeft)),
		})
	}
	r.table([]string{"subject", "from the kill to Lock p50 ms", "max ms", "one Lock p99 ms", "too early", "kills", "keys left"}, rows)
	r.line("A process holds the key (TTL %v, extended in the background) and is ended by SIGKILL, while another process waits: the", r.run.Settings.KilledTTL)
	r.line("first time in a turn right after an extension, which makes the longest wait, then ever later. *From the kill to Lock*: until")
	r.line("Lock returns in the other one; the nodes keep the key for a TTL from the last extension on. *One Lock*: as above, by the one")
	r.line("that waits. *Too early*: Lock returned before the dead holder's window had closed, by its own word, which it gave every %v:", reportEvery)
	r.line("its clock and `Lease.Left` added up.")
	r.line("")
}
