package main

import "time"

// Measurement is one turn of one subject: what the JSON file has one of for every turn, and all that the report is
// made from.
type Measurement struct {
	Workload string  `json:"workload"`
	State    string  `json:"state"` // of the nodes: healthy, hung, killed or slow
	Subject  string  `json:"subject"`
	Round    int     `json:"round"` // turns of one round are a pair
	Nodes    int     `json:"nodes"`
	Workers  int     `json:"workers"`
	Seconds  float64 `json:"seconds"` // until the last cycle was through

	Locks     int     `json:"locks"` // taken and given back
	PerSecond float64 `json:"per_second"`
	CycleP50  float64 `json:"cycle_p50_ms,omitempty"` // lock and unlock
	CycleP99  float64 `json:"cycle_p99_ms,omitempty"`
	CycleMax  float64 `json:"cycle_max_ms,omitempty"`
	WaitP50   float64 `json:"wait_p50_ms,omitempty"` // from asking to holding
	WaitP99   float64 `json:"wait_p99_ms,omitempty"`
	WaitMax   float64 `json:"wait_max_ms,omitempty"`
	WaitMean  float64 `json:"wait_mean_ms,omitempty"`
	WaitP9999 float64 `json:"wait_p9999_ms,omitempty"`

	// For each lock that was taken and given back; of this process, which is the client, and nothing else while the
	// nodes are processes or containers.
	Allocs float64 `json:"allocs_per_lock"`
	Bytes  float64 `json:"bytes_per_lock"`
	CPU    float64 `json:"cpu_us_per_lock"`
	// ServerCPU is the same of the nodes' processes, for each of them; 0: not measured.
	ServerCPU float64 `json:"server_cpu_us_per_lock_and_node,omitempty"`

	Failed   int    `json:"failed"`            // cycles that returned an error
	Failure  string `json:"failure,omitempty"` // the most frequent one
	Overlaps int    `json:"overlaps"`          // one key: how often two held it at once

	// Of clients in several processes; Workers is how many they have together.
	Processes  int     `json:"processes,omitempty"`
	LeastShare float64 `json:"least_share,omitempty"`    // of a process, against its fair one
	JainProc   float64 `json:"jain_processes,omitempty"` // Jain's index over the processes, and over all workers
	JainWorker float64 `json:"jain_workers,omitempty"`
	Counts     [][]int `json:"counts,omitempty"` // of holds, of each process's workers
	// From when one process called Unlock, or was killed, until Lock had returned in another one that waited.
	PassP50 float64 `json:"pass_p50_ms,omitempty"`
	PassP99 float64 `json:"pass_p99_ms,omitempty"`
	PassMax float64 `json:"pass_max_ms,omitempty"`
	// One Lock of a key that nobody else wants, in the same turn.
	LockP50 float64 `json:"lock_p50_ms,omitempty"`
	LockP99 float64 `json:"lock_p99_ms,omitempty"`
	// RestedP50 is the same when nobody had done anything for as long as a lock is held there.
	RestedP50 float64 `json:"rested_p50_ms,omitempty"`
	// StallMax is the longest time for which one of several threads, of which there was one for each core and which did
	// nothing but read the clock, did not run.
	StallMax float64 `json:"stall_max_ms,omitempty"`
	// TooEarly is how often Lock returned before the window of the lease had closed whose holder was killed.
	TooEarly int `json:"too_early,omitempty"`

	// KeysLeft is how many keys stood on all nodes together shortly after the subject had closed, without those that
	// this library keeps for fences; -1: not counted.
	KeysLeft int `json:"keys_left"`
}

// Names of workloads, and of states of the nodes.
const (
	throughput = "throughput"
	latency    = "latency"
	sizes      = "sizes" // latency on 3 and 7 nodes
	hung       = "hung"
	killed     = "killed"
	allocs     = "allocs"
	cpu        = "cpu"
	links      = "links"
	oneKey     = "onekey"
	stalls     = "stalls" // of the machine, in turns among those of oneKey

	processes    = "processes"     // one key, wanted by several processes
	handOver     = "handover"      // from one process to another
	killedHolder = "killed-holder" // from one that was killed

	healthy = "healthy"
	slow    = "slow"
)

// measured puts a yield into numbers.
func measured(m Measurement, y Yield, load Load) Measurement {
	m.Workers = load.Workers
	m.Seconds = y.Elapsed.Seconds()
	m.Locks = y.Locks
	m.PerSecond = float64(y.Locks) / y.Elapsed.Seconds()
	if load.One {
		// At the end of this workload the waiters leave one after the other: those are not the 64 any more.
		m.PerSecond = float64(y.InTime) / load.For.Seconds()
	}
	m.CycleP50, m.CycleP99, m.CycleMax = ms(percentile(y.Cycles, 50)), ms(percentile(y.Cycles, 99)), ms(percentile(y.Cycles, 100))
	m = m.waited(y.Waits)
	if y.Locks > 0 {
		m.Allocs = float64(y.Mallocs) / float64(y.Locks)
		m.Bytes = float64(y.Bytes) / float64(y.Locks)
		m.CPU = float64(y.CPU.Microseconds()) / float64(y.Locks)
	}
	for _, count := range y.Failed {
		m.Failed += count
	}
	m.Failure = commonest(y.Failed)
	m.Overlaps = y.Overlap
	return m
}

// waited puts waits, sorted, into numbers.
func (m Measurement) waited(waits []time.Duration) Measurement {
	m.WaitP50, m.WaitP99, m.WaitP9999 = ms(percentile(waits, 50)), ms(percentile(waits, 99)), ms(percentile(waits, 99.99))
	m.WaitMax, m.WaitMean = ms(percentile(waits, 100)), ms(mean(waits))
	return m
}

// passed puts times from one process to another, sorted, into numbers.
func (m Measurement) passed(times []time.Duration) Measurement {
	m.PassP50, m.PassP99, m.PassMax = ms(percentile(times, 50)), ms(percentile(times, 99)), ms(percentile(times, 100))
	return m
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
