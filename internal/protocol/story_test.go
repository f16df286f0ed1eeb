package protocol_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// story is a lease under test that is told its events as lines of text, and tells its effects in the same way.
//
//	lease nodes=5 plain          a new lease; see options for what can be set
//	0ms start                    Lease.Start, 0 ms after the beginning of time
//	3ms reply 0 granted fence=7  node 0 answers the round that was asked last; refused, silent and unasked are the others
//	3ms reply 0 #1 granted       node 0 answers round 1, whatever was asked since
//	3ms reply 0,1,2 granted      three nodes, one after the other
//	1s tick                      also: cancel, extend, release
//	1s show                      no event: how the lease stands
//	1s wall +1h                  no event: the wall clock is set, or the machine was suspended
//
// The lease of a story that sets nothing has five nodes and a TTL of 3 s. Drift and guard are 50 ms each, so that it may
// be trusted for 2.9 s; it is renewed after 1 s, and a round waits for 500 ms.
type story struct {
	params *protocol.Params
	lease  *protocol.Lease
	wall   time.Duration // by how much the wall clock leads
	newest uint32        // the round that was asked last
}

// tell carries one line out and returns what came of it.
func (s *story) tell(line string) (answer []string, err error) {
	fields := strings.Fields(line)
	if fields[0] == "lease" {
		*s = story{}
		return nil, s.open(fields[1:])
	}
	at, err := time.ParseDuration(fields[0])
	switch {
	case err != nil:
		return nil, err
	case len(fields) < 2:
		return nil, fmt.Errorf("no event in %q", line)
	case s.lease == nil:
		return nil, fmt.Errorf("no lease before %q", line)
	}
	now := clock.At(at, at+s.wall)
	switch fields[1] {
	case "start":
		return s.effects(now, s.lease.Start(now)), nil
	case "tick":
		return s.effects(now, s.lease.Tick(now)), nil
	case "cancel":
		return s.effects(now, s.lease.Cancel(now)), nil
	case "release":
		return s.effects(now, s.lease.Release(now)), nil
	case "extend":
		effects, round := s.lease.Extend(now)
		answer = s.effects(now, effects)
		if round == 0 {
			return append(answer, "nothing to extend"), nil
		}
		return append(answer, fmt.Sprintf("the answer will be #%d", round)), nil
	case "reply":
		return s.reply(now, fields[2:])
	case "show":
		return []string{s.show(now)}, nil
	case "wall":
		ahead, err := time.ParseDuration(fields[2])
		s.wall += ahead
		return nil, err
	}
	return nil, fmt.Errorf("unknown event in %q", line)
}

func (s *story) open(options []string) error {
	p := &protocol.Params{
		TTL:    3 * time.Second,
		Drift:  clock.Drift{Rate: 0.01, Floor: 20 * time.Millisecond},
		Guard:  50 * time.Millisecond,
		Budget: 500 * time.Millisecond,
		Renew:  true,
		Fenced: true,
	}
	nodes, jitter := 5, 0.5
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		var err error
		switch name {
		case "nodes":
			nodes, err = strconv.Atoi(value)
		case "plain":
			p.Fenced = false
		case "norenew":
			p.Renew = false
		case "budget":
			p.Budget, err = time.ParseDuration(value)
		case "maxhold":
			p.MaxHold, err = time.ParseDuration(value)
		case "jitter":
			jitter, err = strconv.ParseFloat(value, 64)
		default:
			err = fmt.Errorf("unknown option %q", option)
		}
		if err != nil {
			return err
		}
	}
	p.Rule = quorum.Majority(nodes)
	lease := protocol.NewLease(p, jitter)
	s.params, s.lease = p, &lease
	return nil
}

var votes = map[string]protocol.Vote{
	"granted": protocol.Granted,
	"refused": protocol.Refused,
	"silent":  protocol.Silent,
	"unasked": protocol.Unasked,
}

// reply tells the lease what one or more nodes say: which nodes, then round, vote and fence in any order.
func (s *story) reply(now clock.Instant, fields []string) (answer []string, err error) {
	round, reply := s.newest, protocol.Reply{}
	for _, field := range fields[1:] {
		vote, known := votes[field]
		switch {
		case known:
			reply.Vote = vote
		case strings.HasPrefix(field, "#"):
			number, err := strconv.ParseUint(field[1:], 10, 32)
			if err != nil {
				return nil, err
			}
			round = uint32(number)
		case strings.HasPrefix(field, "fence="):
			if reply.Fence, err = strconv.ParseUint(field[len("fence="):], 10, 64); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("a reply with %q", field)
		}
	}
	for _, number := range strings.Split(fields[0], ",") {
		node, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		answer = append(answer, s.effects(now, s.lease.Reply(now, node, round, reply))...)
	}
	return answer, nil
}

// effects puts effects into words.
func (s *story) effects(now clock.Instant, effects []protocol.Effect) (lines []string) {
	for _, e := range effects {
		switch e.Kind {
		case protocol.Send:
			line := "send " + e.Op.String()
			if e.Round != 0 {
				line += fmt.Sprintf(" #%d", e.Round)
				s.newest = e.Round
			}
			if e.Fence != 0 {
				line += fmt.Sprintf(" fence=%d", e.Fence)
			}
			lines = append(lines, line+" to "+e.Nodes.String())
		case protocol.Opened:
			lines = append(lines, fmt.Sprintf("opened with fence %d by %d grants, %v left",
				s.lease.Fence(), s.lease.Grants(), s.lease.Left(now)))
		case protocol.GaveUp:
			lines = append(lines, "gave up: "+ends[s.lease.End()])
		case protocol.Renewed:
			lines = append(lines, fmt.Sprintf("renewed by #%d, %v left", e.Round, s.lease.Left(now)))
		case protocol.Kept:
			lines = append(lines, fmt.Sprintf("kept after #%d, %v left", e.Round, s.lease.Left(now)))
		case protocol.Ended:
			lines = append(lines, "ended: "+ends[s.lease.End()])
		case protocol.Settled:
			lines = append(lines, "settled: "+freed[s.lease.Freed()])
		default:
			lines = append(lines, fmt.Sprintf("unknown effect %+v", e))
		}
	}
	return lines
}

var phases = map[protocol.Phase]string{
	protocol.Idle:    "idle",
	protocol.Asking:  "asking",
	protocol.Raising: "raising",
	protocol.Held:    "held",
	protocol.Over:    "over",
}

var ends = map[protocol.End]string{
	protocol.NotOver:   "not over",
	protocol.Taken:     "taken",
	protocol.NoQuorum:  "no quorum",
	protocol.Late:      "late",
	protocol.Cancelled: "cancelled",
	protocol.Forfeited: "forfeited",
	protocol.Unlocked:  "unlocked",
}

var freed = map[protocol.Freed]string{
	protocol.FreedPending: "pending",
	protocol.FreedAll:     "freed",
	protocol.FreedTooLate: "too late",
	protocol.FreedUnknown: "unknown",
}

// show puts into words how the lease stands.
func (s *story) show(now clock.Instant) string {
	line := phases[s.lease.Phase()]
	if s.lease.Phase() == protocol.Over {
		line += ", " + ends[s.lease.End()]
	}
	line += fmt.Sprintf(", %v left", s.lease.Left(now))
	if next, some := s.lease.Next(); some {
		return line + fmt.Sprintf(", next at %v", next.Mono())
	}
	return line + ", nothing next"
}
