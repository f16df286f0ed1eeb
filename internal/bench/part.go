package bench

import "time"

// part is what one process found in the measured part of a run: counts and histograms, of which those of several
// processes can be added without loss.
type part struct {
	Measured   time.Duration `json:"measured"`
	Completed  int64         `json:"completed"`
	Unfinished int64         `json:"unfinished"`
	Through    int64         `json:"through"` // locks that were waited for from before it until after it
	Rounds     int64         `json:"rounds"`
	Raises     int64         `json:"raises"`
	Locks      int64         `json:"locks"`      // that were had
	HandOvers  int64         `json:"hand_overs"` // how many of them without a round trip
	Workers    []int64       `json:"workers"`    // cycles that each worker completed; none in an open load
	Lock       histogram     `json:"lock"`
	Unlock     histogram     `json:"unlock"`
	Cycle      histogram     `json:"cycle"`
	Quorum     histogram     `json:"quorum"`
	Slowest    histogram     `json:"slowest"`
	Troubles   []Trouble     `json:"troubles"`
	Nodes      []nodePart    `json:"nodes"`
	Series     *series       `json:"series"`
	Spent      spent         `json:"spent"`
	Closing    string        `json:"closing,omitempty"` // what closing the locker met
}

// nodePart is what one node said to one process.
type nodePart struct {
	Answer   histogram `json:"answer"`
	Refusals int64     `json:"refusals"`
	Troubles []Trouble `json:"troubles"`
}

// sum adds up the parts of all processes, of which there is at least one.
func sum(parts []*part) *part {
	if len(parts) == 1 {
		return parts[0]
	}
	all := &part{
		Lock: newHistogram(3), Unlock: newHistogram(3), Cycle: newHistogram(3), Quorum: newHistogram(3), Slowest: newHistogram(3),
		Series: parts[0].Series.empty(), Nodes: make([]nodePart, len(parts[0].Nodes)),
	}
	for i := range all.Nodes {
		all.Nodes[i].Answer = newHistogram(3)
	}
	for _, p := range parts {
		all.add(p)
	}
	return all
}

// add adds what another process found in the same time, on the same nodes.
func (p *part) add(other *part) {
	p.Measured = max(p.Measured, other.Measured)
	p.Completed += other.Completed
	p.Unfinished += other.Unfinished
	p.Through += other.Through
	p.Rounds += other.Rounds
	p.Raises += other.Raises
	p.Locks += other.Locks
	p.HandOvers += other.HandOvers
	p.Workers = append(p.Workers, other.Workers...)
	p.Lock.add(other.Lock)
	p.Unlock.add(other.Unlock)
	p.Cycle.add(other.Cycle)
	p.Quorum.add(other.Quorum)
	p.Slowest.add(other.Slowest)
	p.Troubles = joined(p.Troubles, other.Troubles)
	for i, n := range other.Nodes {
		p.Nodes[i].Answer.add(n.Answer)
		p.Nodes[i].Refusals += n.Refusals
		p.Nodes[i].Troubles = joined(p.Nodes[i].Troubles, n.Troubles)
	}
	p.Series.add(other.Series)
	p.Spent.add(other.Spent)
}
