package main

// figures picks series out of a run's measurements.
type figures []Measurement

// pick is which turns: zero fields are any.
type pick struct {
	workload, state, subject string
	nodes, workers           int
}

func (p pick) takes(m Measurement) bool {
	return p.workload == m.Workload && (p.state == "" || p.state == m.State) && p.subject == m.Subject &&
		(p.nodes == 0 || p.nodes == m.Nodes) && (p.workers == 0 || p.workers == m.Workers)
}

// of returns one figure by round.
func (f figures) of(p pick, figure func(Measurement) float64) series {
	s := series{}
	for _, m := range f {
		if p.takes(m) {
			s[m.Round] = figure(m)
		}
	}
	return s
}

// sum adds a count up over all rounds.
func (f figures) sum(p pick, count func(Measurement) int) int {
	total := 0
	for _, m := range f {
		if p.takes(m) {
			total += max(0, count(m))
		}
	}
	return total
}

// roundsOf returns how many rounds of a workload there were.
func (f figures) roundsOf(workload string) int {
	rounds := 0
	for _, m := range f {
		if m.Workload == workload {
			rounds = max(rounds, m.Round+1)
		}
	}
	return rounds
}

func (f figures) has(workload string) bool {
	for _, m := range f {
		if m.Workload == workload {
			return true
		}
	}
	return false
}

// What can be picked.
func perSecond(m Measurement) float64  { return m.PerSecond }
func cycleP50(m Measurement) float64   { return m.CycleP50 }
func cycleP99(m Measurement) float64   { return m.CycleP99 }
func waitP50(m Measurement) float64    { return m.WaitP50 }
func waitP99(m Measurement) float64    { return m.WaitP99 }
func waitMax(m Measurement) float64    { return m.WaitMax }
func waitMean(m Measurement) float64   { return m.WaitMean }
func waitP9999(m Measurement) float64  { return m.WaitP9999 }
func smallest(m Measurement) float64   { return m.LeastShare }
func passP50(m Measurement) float64    { return m.PassP50 }
func passP99(m Measurement) float64    { return m.PassP99 }
func passMax(m Measurement) float64    { return m.PassMax }
func lockP50(m Measurement) float64    { return m.LockP50 }
func stallMax(m Measurement) float64   { return m.StallMax }
func restedP50(m Measurement) float64  { return m.RestedP50 }
func lockP99(m Measurement) float64    { return m.LockP99 }
func mallocs(m Measurement) float64    { return m.Allocs }
func byteCount(m Measurement) float64  { return m.Bytes }
func cpuPerLock(m Measurement) float64 { return m.CPU }
func failures(m Measurement) int       { return m.Failed }
func locks(m Measurement) int          { return m.Locks }
func keysLeft(m Measurement) int       { return m.KeysLeft }
func overlaps(m Measurement) int       { return m.Overlaps }
func tooEarly(m Measurement) int       { return m.TooEarly }
