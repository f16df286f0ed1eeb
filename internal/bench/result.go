package bench

import (
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// Schema names the form of a Result in JSON. It changes when a field changes its meaning or goes away; new fields may
// come at any time.
const Schema = "quorumlock.bench/1"

// Result is what one run found.
type Result struct {
	Schema      string      `json:"schema"`
	Started     time.Time   `json:"started"`
	Interrupted bool        `json:"interrupted"` // the run was ended early; figures are of what there was
	Notes       []string    `json:"notes"`       // what to know before believing the figures
	Load        Load        `json:"load"`
	Environment Environment `json:"environment"`

	Measured   Seconds       `json:"measured_s"`            // how long the measured part was
	Completed  int64         `json:"completed"`             // cycles that ended in it
	PerSecond  float64       `json:"per_second"`            // the same in a second
	Unfinished int64         `json:"unfinished"`            // locks that were still waited for when it was over
	Through    int64         `json:"unfinished_throughout"` // locks that were waited for from before it until after it; in no latency
	Rounds     int64         `json:"rounds"`                // how often the nodes were asked for a lock
	Raises     int64         `json:"raises"`                // how many of these needed a second round trip for their fence
	Lock       Latency       `json:"lock"`                  // from when it was due until it was had
	Unlock     Latency       `json:"unlock"`                // of one call of Unlock
	Cycle      Latency       `json:"cycle"`                 // from when it was due until Unlock had returned; with the hold time
	Quorum     Latency       `json:"quorum"`                // of one round: until the vote that decided it
	Slowest    Latency       `json:"slowest"`               // of the same round: until the last node had answered, or failed
	Errors     []Trouble     `json:"errors"`                // of Lock and Unlock, the most frequent first
	Nodes      []NodeResult  `json:"nodes"`                 // in order
	Waiting    *Waiting      `json:"waiting,omitempty"`     // when workers share keys, or the load ran in several processes
	Cost       Cost          `json:"cost"`                  // of this process, or of those of the load together
	Memory     Memory        `json:"memory"`                // the same
	Faults     []FaultResult `json:"faults"`                // in the order of the command line
	Curves     Curves        `json:"curves"`                // latency by percentile
	Interval   Seconds       `json:"interval_s"`            // of the series
	Series     []Point       `json:"series"`                // over time
	Left       Leftovers     `json:"left"`                  // on the nodes, when everything was over

	// For files that need more than figures; not in JSON.
	cycle  histogram
	series *series
}

// Load is what was asked of the nodes.
type Load struct {
	Model     string   `json:"model"`          // closed or open
	Processes int      `json:"processes"`      // that it ran in
	Workers   int      `json:"workers"`        // of each of them
	Rate      float64  `json:"rate,omitempty"` // of an open load, in a second, by all processes
	Arrivals  Arrivals `json:"arrivals,omitempty"`
	Keys      Keys     `json:"keys"`
	Hold      Millis   `json:"hold_ms"`
	TTL       Millis   `json:"ttl_ms"`
	Mode      string   `json:"mode"` // fenced or plain
	Duration  Seconds  `json:"duration_s"`
	Warmup    Seconds  `json:"warmup_s"`
	Seed      uint64   `json:"seed"`
}

// Environment is what it ran on.
type Environment struct {
	Kind    cluster.Kind `json:"kind,omitempty"` // of nodes that the run brought; empty: they were there
	Nodes   int          `json:"nodes"`
	Need    int          `json:"need"`                  // how many of them decide
	Redis   string       `json:"redis"`                 // version; several when they differ
	Persist string       `json:"appendfsync,omitempty"` // of nodes that the run brought and that have it
	Proxied bool         `json:"proxied"`               // there are proxies in front of the nodes, in this process
	Cores   int          `json:"cores"`
	Procs   int          `json:"gomaxprocs"`
	CPU     string       `json:"cpu,omitempty"`
	OS      string       `json:"os"`
	Arch    string       `json:"arch"`
	Go      string       `json:"go"`
	Version string       `json:"version"` // of this module
}

// Latency is the figures of one thing that takes time. It is zero when Count is.
type Latency struct {
	Count int64  `json:"count"`
	Mean  Millis `json:"mean_ms"`
	P50   Millis `json:"p50_ms"`
	P90   Millis `json:"p90_ms"`
	P99   Millis `json:"p99_ms"`
	P999  Millis `json:"p999_ms"`
	Max   Millis `json:"max_ms"`
}

// Percentile is one point of a curve.
type Percentile struct {
	P       float64 `json:"p"` // 0 to 100
	Latency Millis  `json:"ms"`
}

// Curves are the latencies that figures sum up.
type Curves struct {
	Lock   []Percentile `json:"lock"`
	Unlock []Percentile `json:"unlock"`
	Cycle  []Percentile `json:"cycle"`
}

// Point is one interval of the series. Latencies are those of the cycles that began in it.
type Point struct {
	At        Seconds `json:"t"` // its beginning, after the warm-up
	Completed int64   `json:"completed"`
	PerSecond float64 `json:"per_second"`
	Failed    int64   `json:"failed"`
	Began     int64   `json:"began"`
	P50       Millis  `json:"p50_ms"`
	P99       Millis  `json:"p99_ms"`
	Max       Millis  `json:"max_ms"`
	Memory    uint64  `json:"memory_bytes"` // what the load's processes held of it, at most; 0 when nobody looked
}

// Trouble is errors of one kind.
type Trouble struct {
	Op      string `json:"op"`
	Kind    string `json:"kind"`
	Count   int64  `json:"count"`
	Example string `json:"example"` // the first of them
}

// NodeResult is what one node said.
type NodeResult struct {
	Addr     string    `json:"addr"`
	Redis    string    `json:"redis"`
	Idle     Millis    `json:"idle_ms"`  // round trip of one command before the load; 0 when there was no answer
	Answer   Latency   `json:"answer"`   // from the start of a round until its answer: lane, way, and work
	Refusals int64     `json:"refusals"` // another owner had the key
	Errors   []Trouble `json:"errors"`
}

// Cost is what one cycle cost on average: this process, everything in it included; or, of a load in several processes,
// these together, without this one.
type Cost struct {
	Allocs float64 `json:"allocs"`
	Bytes  float64 `json:"bytes"`
	CPU    Millis  `json:"cpu_ms"`
	Busy   float64 `json:"busy_cores"` // how many cores it kept busy
}

// Memory is what this process held of it, or those of the load together, in bytes: Go's runtime with everything, less what it has given back.
type Memory struct {
	Early uint64 `json:"early_bytes"` // after a tenth of the measured part
	Late  uint64 `json:"late_bytes"`  // at its end
	Most  uint64 `json:"most_bytes"`
}

// FaultResult is a fault as it took place.
type FaultResult struct {
	Fault string  `json:"fault"`
	Nodes []int   `json:"nodes"`   // counted from 1
	From  Seconds `json:"from_s"`  // when it was begun, after the warm-up
	Until Seconds `json:"until_s"` // when it had been ended
	Error string  `json:"error,omitempty"`
}

// Leftovers is what was found on the nodes after every lock was given back and the locker closed.
type Leftovers struct {
	Looked   int      `json:"looked"`   // nodes that could be looked at
	Keys     int      `json:"keys"`     // that were still there; they have been removed
	Counters int      `json:"counters"` // fence counters of this run's keys, which are no use any more; removed
	Unlooked []string `json:"unlooked"` // nodes that could not, and why
}

// Passed reports whether there are figures, and nothing that should not have happened did.
func (r *Result) Passed() bool { return r.Problem() == "" }

// Problem says why the run is not a success; nothing when it is.
func (r *Result) Problem() string {
	switch {
	case r.Completed == 0 && r.Lock.Count == r.Unfinished && r.Quorum.Count == 0:
		return "no lock succeeded"
	case r.Left.Keys > 0:
		return "keys were left on the nodes"
	}
	for _, f := range r.Faults {
		if f.Error != "" {
			return "a fault could not be carried out: " + f.Error
		}
	}
	return ""
}
