package check

import (
	"fmt"
	"sort"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// recovers: after a majority was mute, somebody acquires soon after the last fault of it was over.
func recovers(r *run, res *Result) {
	var times []time.Duration
	early := 0
	for _, rec := range r.recoveries() {
		switch {
		case rec.first != nil:
			res.Samples++
			times = append(times, rec.took)
		case rec.early:
			early++
		default:
			res.Samples++
			res.bad(Problem{Text: fmt.Sprintf("nobody acquired within %v of %s, when %s was over",
				round(r.x.Recovery), at(rec.back), rec.strike.Fault), At: rec.back})
		}
	}
	res.Saw = count(len(times), "recovery")
	if len(times) > 0 {
		res.Saw += ", after " + spread(times)
	}
	if early > 0 {
		res.Saw += fmt.Sprintf("; %d more had no time for it", early)
	}
}

// recovery is what came after one time in which too few nodes voted.
type recovery struct {
	strike *history.Strike // with which it was over
	back   time.Duration
	first  *history.Operation // that acquired in time; nil: none
	took   time.Duration
	early  bool // there is none, and the next fault, or the end, came before the time was over
}

// recoveries returns them in order.
func (r *run) recoveries() []recovery {
	var all []recovery
	outs := r.outs()
	for i, o := range outs {
		rec := recovery{strike: o.last, back: struck(o.last).Until}
		next := r.end
		if i+1 < len(outs) {
			next = min(next, outs[i+1].From)
		}
		first := sort.Search(len(r.won), func(i int) bool { return r.won[i].Returned >= rec.back })
		if first < len(r.won) && r.won[first].Returned <= rec.back+r.x.Recovery {
			rec.first, rec.took = r.won[first], r.won[first].Returned-rec.back
		} else {
			rec.early = next < rec.back+r.x.Recovery
		}
		all = append(all, rec)
	}
	return all
}
