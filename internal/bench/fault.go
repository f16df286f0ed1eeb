package bench

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// FaultKind is what is done to a node.
type FaultKind string

const (
	Kill  FaultKind = "kill"  // as SIGKILL does; at the end it starts again with its memory
	Pause FaultKind = "pause" // it hangs: connections stay open, nothing is answered
	Delay FaultKind = "delay" // every round trip to it takes longer
)

// Fault is one thing that goes wrong during a run, as it was asked for.
type Fault struct {
	Kind  FaultKind
	Count int           // how many nodes; 0 when Node says which
	Node  int           // counted from 1; 0 when Count says how many
	Delay time.Duration // of Delay: added to a round trip
	At    time.Duration // after the warm-up
	For   time.Duration // 0: until the end of the run
}

// FaultGrammar is how a fault is written.
const FaultGrammar = "kill:NODES@START[+LENGTH], pause:NODES@START[+LENGTH] or delay:NODES:DELAY@START[+LENGTH]"

// ParseFault reads a fault, such as kill:2@5s, pause:n3@5s+1s or delay:1:20ms@5s: see FaultGrammar.
func ParseFault(s string) (Fault, error) {
	f, err := parseFault(s)
	if err != nil {
		return Fault{}, fmt.Errorf("%w: want %s", err, FaultGrammar)
	}
	return f, nil
}

func parseFault(s string) (f Fault, err error) {
	what, when, ok := strings.Cut(s, "@")
	if !ok {
		return f, fmt.Errorf("%q does not say when", s)
	}
	at, length, limited := strings.Cut(when, "+")
	if f.At, err = parseTime(at, 0); err != nil {
		return f, err
	}
	if limited {
		if f.For, err = parseTime(length, 1); err != nil {
			return f, err
		}
	}
	parts := strings.Split(what, ":")
	f.Kind = FaultKind(parts[0])
	want := map[FaultKind]int{Kill: 2, Pause: 2, Delay: 3}[f.Kind]
	switch {
	case want == 0:
		return f, fmt.Errorf("unknown fault %q", parts[0])
	case len(parts) == 1:
		return f, fmt.Errorf("%q does not say which nodes", s)
	case len(parts) < want:
		return f, fmt.Errorf("%q does not say for how long", s)
	case len(parts) > want:
		return f, fmt.Errorf("%q is too much for %s", strings.Join(parts[want:], ":"), f.Kind)
	}
	if f.Kind == Delay {
		if f.Delay, err = parseTime(parts[2], 1); err != nil {
			return f, err
		}
	}
	into, number := &f.Count, parts[1]
	if name, ok := strings.CutPrefix(number, "n"); ok {
		into, number = &f.Node, name
	}
	if *into, err = strconv.Atoi(number); err != nil || *into < 1 {
		return f, fmt.Errorf("%q is neither a number of nodes nor the name of one, like n2", parts[1])
	}
	return f, nil
}

// parseTime reads a duration of at least least.
func parseTime(s string, least time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is no duration, like 5s or 20ms", s)
	case d < least:
		return 0, fmt.Errorf("a duration of %v is too short", d)
	}
	return d, nil
}

// String is the fault as ParseFault reads it.
func (f Fault) String() string {
	nodes := strconv.Itoa(f.Count)
	if f.Node > 0 {
		nodes = "n" + strconv.Itoa(f.Node)
	}
	s := string(f.Kind) + ":" + nodes
	if f.Kind == Delay {
		s += ":" + f.Delay.String()
	}
	s += "@" + f.At.String()
	if f.For > 0 {
		s += "+" + f.For.String()
	}
	return s
}
