package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/demo"
)

// lines prints the play as one JSON object per line.
type lines struct{ enc *json.Encoder }

// line is an event. Times are in seconds since the demo began, durations in milliseconds.
type line struct {
	T       float64      `json:"t"`
	Event   string       `json:"event"`
	Kind    cluster.Kind `json:"kind,omitempty"`
	Why     string       `json:"why,omitempty"`
	Act     int          `json:"act,omitempty"`
	Who     string       `json:"who,omitempty"`
	Key     string       `json:"key,omitempty"`
	Fence   uint64       `json:"fence,omitempty"`
	TookMS  float64      `json:"took_ms,omitempty"`
	WorstMS float64      `json:"worst_ms,omitempty"`
	SpareMS float64      `json:"spare_ms,omitempty"`
	Samples int          `json:"samples,omitempty"`
	Nodes   []string     `json:"nodes,omitempty"`
	Numbers []int        `json:"numbers,omitempty"`
	Count   int          `json:"count,omitempty"`
	Need    int          `json:"need,omitempty"`
	Error   string       `json:"error,omitempty"`
}

// finding is a check's result in the last line.
type finding struct {
	Check    string   `json:"check"`
	OK       bool     `json:"ok"`
	Samples  int      `json:"samples"`
	Saw      string   `json:"saw"`
	Problems []string `json:"problems,omitempty"`
}

func newLines(w io.Writer) *lines {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &lines{enc}
}

// print leaves errors to the writer, which ends the play.
func (l *lines) print(v any) { _ = l.enc.Encode(v) }

func (l *lines) choice(kind cluster.Kind, nodes int, why string) {
	l.print(line{Event: "nodes", Kind: kind, Count: nodes, Why: why})
}

func (l *lines) event(e demo.Event) {
	one := line{
		T: e.At.Seconds(), Event: string(e.Kind), Act: e.Act, Who: e.Who, Key: e.Key, Fence: e.Fence,
		TookMS: ms(e.Took), WorstMS: ms(e.Worst), SpareMS: ms(e.Spare), Samples: e.Samples,
		Nodes: e.Nodes, Numbers: e.Numbers, Count: e.Count, Need: e.Need,
	}
	if e.Err != nil {
		one.Error = e.Err.Error()
	}
	l.print(one)
}

func (l *lines) verdict(results []demo.Result) {
	last := struct {
		Event   string    `json:"event"`
		Verdict string    `json:"verdict"`
		Checks  []finding `json:"checks"`
	}{Event: "verdict", Verdict: word(results)}
	for _, r := range results {
		last.Checks = append(last.Checks, finding{r.Name, r.OK(), r.Samples, r.Saw, r.Problems})
	}
	l.print(last)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// word is the verdict in one word.
func word(results []demo.Result) string {
	if demo.Passed(results) {
		return "pass"
	}
	return "fail"
}
