package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// planner makes one plan.
type planner struct {
	scenario *Scenario
	ground   Ground
	lots     *rand.Rand
	next     int // the node that Next picks
	plan     Plan
}

func newLots(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) }

// finally places what is there when the clients stop.
func (p *planner) finally() error {
	for _, s := range p.scenario.Finally {
		length := s.For.of(p.ground.TTL)
		if length > p.ground.Duration {
			p.plan.Left = append(p.plan.Left, fmt.Sprintf("%s at the end: it is longer than a run of %v", s.Fault, p.ground.Duration))
			continue
		}
		if err := p.place(s, p.ground.Duration-length, p.ground.Duration); err != nil {
			return err
		}
	}
	return nil
}

// steps places the steps of each cycle that are over in time.
func (p *planner) steps() error {
	cycle := p.cycle()
	for from := time.Duration(0); from < p.ground.Duration; from += cycle {
		for _, s := range p.scenario.Steps {
			at := from + s.At.of(p.ground.TTL)
			until := at + s.For.of(p.ground.TTL)
			if cycle > 0 && s.At.of(p.ground.TTL) >= cycle {
				return fmt.Errorf("%s at %v is after the end of its cycle of %v", s.Fault, s.At, cycle)
			}
			if until > p.ground.Duration-p.ground.settling() {
				if from == 0 {
					p.plan.Left = append(p.plan.Left, fmt.Sprintf("%s at %v: it would not be over %v before the end of a run of %v",
						s.Fault, s.At, p.ground.settling(), p.ground.Duration))
				}
				continue
			}
			if err := p.place(s, at, until); err != nil {
				return err
			}
		}
		if cycle <= 0 {
			break
		}
	}
	return nil
}

// cycle returns after how long the steps begin again. Where nodes that may have forgotten wait for much longer than a TTL,
// they get the time for it before they are hit again.
func (p *planner) cycle() time.Duration {
	cycle := p.scenario.Cycle.of(p.ground.TTL)
	if cycle <= 0 || p.ground.Quarantine < 2*p.ground.TTL {
		return cycle
	}
	for _, s := range p.scenario.Steps {
		if slices.Contains(s.Fault.Effects(), history.Amnesia) {
			cycle = max(cycle, s.At.of(p.ground.TTL)+s.For.of(p.ground.TTL)+p.ground.settling())
		}
	}
	return cycle
}

// place picks the nodes of a fault, and takes care that they can bear it.
func (p *planner) place(s Step, at, until time.Duration) error {
	strike := Strike{At: at, Until: until, Fault: s.Fault}
	if _, client := s.Fault.(fault.Freeze); client {
		if err := p.ground.Bears(-1, s.Fault); err != nil {
			return fmt.Errorf("%s: %w", s.Fault, err)
		}
		p.plan.Strikes = append(p.plan.Strikes, strike)
		return nil
	}
	if err := p.enough(s); err != nil {
		return fmt.Errorf("%s: %w", s.Fault, err)
	}
	free := p.free(at, until, 0)
	switch count := s.Nodes.count(p.ground.Nodes); {
	case len(s.Nodes.List) > 0:
		for _, n := range s.Nodes.List {
			if n < 1 || n > p.ground.Nodes {
				return fmt.Errorf("%s: node %d: there are nodes 1 to %d", s.Fault, n, p.ground.Nodes)
			}
			if !slices.Contains(free, n-1) {
				return fmt.Errorf("%s at %v: node %d has another fault then", s.Fault, at, n)
			}
			strike.Nodes = append(strike.Nodes, n-1)
		}
	case s.Nodes.Word == Next:
		strike.Nodes = []int{p.next % p.ground.Nodes}
		p.next++
		if !slices.Contains(free, strike.Nodes[0]) {
			return fmt.Errorf("%s at %v: node %d, the next one, has another fault then", s.Fault, at, strike.Nodes[0]+1)
		}
	case count > len(free):
		return fmt.Errorf("%s at %v: of %d nodes, %d are free of other faults then; want %d", s.Fault, at, p.ground.Nodes, len(free), count)
	default:
		strike.Nodes = p.some(free, count)
	}
	slices.Sort(strike.Nodes)
	for _, n := range strike.Nodes {
		if err := p.ground.Bears(n, s.Fault); err != nil {
			return fmt.Errorf("%s on node %d: %w", s.Fault, n+1, err)
		}
	}
	p.plan.Strikes = append(p.plan.Strikes, strike)
	return nil
}

// free returns the nodes that have no fault in a time, and after that.
func (p *planner) free(at, until, after time.Duration) []int {
	var all []int
	for n := range p.ground.Nodes {
		taken := slices.ContainsFunc(p.plan.Strikes, func(s Strike) bool {
			return slices.Contains(s.Nodes, n) && s.At <= until && at <= s.Until+after
		})
		if !taken {
			all = append(all, n)
		}
	}
	return all
}

// enough returns an error where a fault of nodes would hit none: one or two have no minority.
func (p *planner) enough(s Step) error {
	if n := p.ground.Nodes; s.Nodes.count(n) < 1 {
		return fmt.Errorf("of %d nodes, %s is none", n, s.Nodes)
	}
	return nil
}

func (p *planner) some(of []int, count int) []int {
	all := slices.Clone(of)
	p.lots.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:count]
}

// draw places faults that are drawn by lot, between those that stand already.
func (p *planner) draw(d *Draw) error {
	var pool []Step
	for _, s := range d.Faults {
		if err := p.borne(s); err != nil {
			p.plan.Left = append(p.plan.Left, fmt.Sprintf("%s: %v", s.Fault, err))
			continue
		}
		for range max(1, s.Weight) {
			pool = append(pool, s)
		}
	}
	if len(pool) == 0 {
		return fmt.Errorf("none of its faults can be had here (%s)", p.plan.Left[0])
	}
	every := d.Every.of(p.ground.TTL)
	around := func(d time.Duration) time.Duration {
		return (d/2 + time.Duration(p.lots.Float64()*float64(d))).Round(time.Millisecond)
	}
	for at := around(every); at < p.ground.Duration; at += around(every) {
		s := pool[p.lots.IntN(len(pool))]
		until := at
		if length := s.For.of(p.ground.TTL); length > 0 {
			until += around(length)
		}
		if until > p.ground.Duration-p.ground.settling() || !p.room(s, at, until) {
			continue
		}
		if err := p.place(s, at, until); err != nil {
			return err
		}
	}
	return nil
}

// room reports whether a fault that was drawn fits in beside the others: one that costs a majority has the stage for
// itself, and the others leave one, also counting nodes that are still recovering.
func (p *planner) room(s Step, at, until time.Duration) bool {
	if _, client := s.Fault.(fault.Freeze); client {
		return true
	}
	n := p.ground.Nodes
	count := s.Nodes.count(n)
	busy := 0
	for node := range n {
		hit := slices.ContainsFunc(p.plan.Strikes, func(other Strike) bool {
			return slices.Contains(other.Nodes, node) && other.At <= until+p.recovering(s.Fault) && at <= other.Until+p.recovering(other.Fault)
		})
		if hit {
			busy++
		}
	}
	if count > (n-1)/2 {
		return busy == 0
	}
	return busy+count <= (n-1)/2
}

// recovering is for how long a node does not vote after a fault is over, roughly.
func (p *planner) recovering(f fault.Fault) time.Duration {
	if slices.Contains(f.Effects(), history.Amnesia) || slices.Contains(f.Effects(), history.Shift) {
		return p.ground.settling()
	}
	return time.Second
}

// borne reports why no node, or no client, can bear a fault; nil when all can.
func (p *planner) borne(s Step) error {
	if _, client := s.Fault.(fault.Freeze); client {
		return p.ground.Bears(-1, s.Fault)
	}
	if err := p.enough(s); err != nil {
		return err
	}
	for n := range p.ground.Nodes {
		if err := p.ground.Bears(n, s.Fault); err != nil {
			return err
		}
	}
	return nil
}
