package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// The faults by the names that scenarios have for them.
const (
	kill        = "kill"
	pause       = "pause"
	cut         = "cut"
	slow        = "slow"
	lostReplies = "lost-replies"
	blackHole   = "black-hole"
	flush       = "flush"
	step        = "step"
	rate        = "rate"
	freeze      = "freeze"
)

var faultNames = []string{kill, pause, cut, slow, lostReplies, blackHole, flush, step, rate, freeze}

// step reads one line of a scenario.
func (l line) step() (Step, error) {
	s := Step{Weight: l.Weight}
	if l.At != nil {
		s.At = *l.At
	}
	if l.For != nil {
		s.For = *l.For
	}
	if l.Nodes != nil {
		s.Nodes = *l.Nodes
	}
	var err error
	if s.Fault, err = l.fault(); err != nil {
		return s, err
	}
	switch {
	case s.At.Fixed < 0 || s.At.TTLs < 0:
		err = errors.New("at: is before the beginning")
	case s.Weight < 0 || s.Weight > 1000:
		err = errors.New("weight: want 1 to 1000")
	case l.Fault == flush && l.For != nil:
		err = errors.New("for: a flush is over at once")
	case l.Fault != flush && (s.For.Fixed <= 0 && s.For.TTLs <= 0):
		err = errors.New("for: say how long it lasts")
	case l.Fault == freeze && l.Nodes != nil:
		err = errors.New("nodes: what is frozen is a client that holds a lock")
	case l.Fault != freeze && l.Nodes == nil:
		err = errors.New("nodes: say which, or how many")
	}
	return s, err
}

// fault reads which fault it is, and takes care that everything that is said about it belongs to it.
func (l line) fault() (fault.Fault, error) {
	if l.Fault == "" {
		return nil, errors.New("fault: say which")
	}
	if !slices.Contains(faultNames, l.Fault) {
		return nil, fmt.Errorf("fault: unknown: want %s", strings.Join(faultNames, ", "))
	}
	for _, extra := range []struct {
		field string
		said  bool
		of    string
	}{{"memory", l.Memory != "", kill}, {"delay", l.Delay != nil, slow}, {"by", l.By != nil, step}, {"times", l.Times != 0, rate}} {
		if extra.said && l.Fault != extra.of {
			return nil, fmt.Errorf("%s: is for %s alone", extra.field, extra.of)
		}
	}
	switch l.Fault {
	case kill:
		return l.kill()
	case slow:
		if l.Delay == nil || l.Delay.Fixed <= 0 {
			return nil, errors.New("delay: say by how much every round trip is longer, such as 20ms")
		}
		return fault.Slow{Delay: l.Delay.Fixed}, nil
	case step:
		if l.By == nil || l.By.Fixed == 0 {
			return nil, errors.New("by: say how far the clock is set, such as 500ms or -2s")
		}
		return fault.Step{By: l.By.Fixed}, nil
	case rate:
		if !(l.Times > 0) || l.Times > 100 {
			return nil, errors.New("times: say how many times as fast the clock runs, such as 1.005; at most 100")
		}
		return fault.Rate{Times: l.Times}, nil
	}
	return map[string]fault.Fault{
		pause: fault.Pause{}, cut: fault.Cut{}, lostReplies: fault.LostReplies{},
		blackHole: fault.BlackHole{}, flush: fault.Flush{}, freeze: fault.Freeze{},
	}[l.Fault], nil
}

func (l line) kill() (fault.Fault, error) {
	switch l.Memory {
	case "", "keep":
		return fault.Kill{Memory: cluster.Keep}, nil
	case "forget":
		return fault.Kill{Memory: cluster.Forget}, nil
	}
	return nil, errors.New("memory: want keep (the default) or forget")
}

// write makes a line of a step: step's inverse.
func write(s Step) line {
	l := line{Weight: s.Weight}
	if s.At != (Length{}) {
		l.At = &s.At
	}
	if s.For != (Length{}) {
		l.For = &s.For
	}
	if s.Nodes.String() != "0" {
		l.Nodes = &s.Nodes
	}
	switch f := s.Fault.(type) {
	case fault.Kill:
		l.Fault = kill
		if f.Memory == cluster.Forget {
			l.Memory = "forget"
		}
	case fault.Slow:
		l.Fault, l.Delay = slow, &Length{Fixed: f.Delay}
	case fault.Step:
		l.Fault, l.By = step, &Length{Fixed: f.By}
	case fault.Rate:
		l.Fault, l.Times = rate, f.Times
	default: // what is nothing but its name
		l.Fault = f.String()
	}
	return l
}
