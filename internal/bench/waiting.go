package bench

import (
	"fmt"
	"strconv"
)

// Waiting is how those who wanted the same keys came by them, one after the other. It is of all processes together.
type Waiting struct {
	PerSecond float64 `json:"per_second"`             // locks per second: with one key, how often it went from one to the next
	Within    float64 `json:"within_process_percent"` // of the locks: handed over within a process, without a round trip
	ByNodes   float64 `json:"by_nodes_percent"`       // the others
	Rounds    float64 `json:"rounds_per_lock"`        // rounds that asked the nodes, lost ones included, for each lock
	Wait      Latency `json:"wait"`                   // from when a lock was due until it was had
	MaxByMean float64 `json:"max_by_mean"`            // how much longer the longest wait was than the mean; 0 when there was none

	// Nothing in an open load, whose locks go to whatever worker is free.
	Workers   *Fairness `json:"workers,omitempty"`
	Processes Fairness  `json:"processes"`
}

// waiting returns how the locks were come by, of the parts of all processes and their sum; nil when nobody had to wait
// for anybody.
func (r *Result) waiting(parts []*part, sum *part) *Waiting {
	if r.Load.Keys == Distinct && r.Load.Processes == 1 {
		return nil
	}
	w := &Waiting{PerSecond: r.PerSecond, Wait: r.Lock}
	if sum.Locks > 0 {
		w.Within = 100 * float64(sum.HandOvers) / float64(sum.Locks)
		w.ByNodes = 100 - w.Within
	}
	if r.Completed > 0 {
		w.Rounds = float64(r.Rounds) / float64(r.Completed)
	}
	if r.Lock.Mean > 0 {
		w.MaxByMean = float64(r.Lock.Max) / float64(r.Lock.Mean)
	}
	if r.Load.Model == "closed" {
		f := fairness(sum.Workers)
		w.Workers = &f
	}
	counts := make([]int64, len(parts))
	for i, p := range parts {
		counts[i] = p.Completed
	}
	w.Processes = fairness(counts)
	return w
}

// WaitingFigure is one figure about waiting, in words.
type WaitingFigure struct{ Name, Value, Note string }

// WaitingFigures are all figures about waiting, in the order in which people read them; none when nobody waited for
// anybody.
func (r *Result) WaitingFigures() []WaitingFigure {
	w := r.Waiting
	if w == nil {
		return nil
	}
	figures := []WaitingFigure{
		{r.Load.Unit(), Grouped(int64(w.PerSecond + 0.5)), ""},
		{"within a process", percent(w.Within), fmt.Sprintf("handed over without a round trip; %s by way of the nodes", percent(w.ByNodes))},
		{"rounds for each lock", fmt.Sprintf("%.2f", w.Rounds), "that asked the nodes, lost ones included"},
		{"wait, p50", w.Wait.P50.String(), ""},
		{"wait, p99", w.Wait.P99.String(), ""},
		{"wait, mean", w.Wait.Mean.String(), ""},
		{"wait, max", w.Wait.Max.String(), fmt.Sprintf("%s times the mean", digits(w.MaxByMean))},
	}
	if w.Workers != nil {
		figures = append(figures, w.Workers.figure("worker"))
	}
	if w.Processes.Of > 1 {
		figures = append(figures, w.Processes.figure("process"))
	}
	return figures
}

func (f Fairness) figure(of string) WaitingFigure {
	plural := map[string]string{"worker": "workers", "process": "processes"}[of]
	return WaitingFigure{
		fmt.Sprintf("fairness, %d %s", f.Of, plural), fmt.Sprintf("%.3f", f.Jain),
		"Jain's index; smallest " + strconv.FormatFloat(f.Smallest, 'f', 2, 64) + " of a fair share",
	}
}

func percent(p float64) string { return fmt.Sprintf("%.1f %%", p) }
