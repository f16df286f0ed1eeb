package integration

import (
	"cmp"
	"slices"
	"testing"
	"time"
)

// waitsBound is for how long nobody may get a key while somebody waits for it all the time. What a holder leaves behind that
// was killed is gone after a TTL. A node that hangs costs a round NodeTimeout, and three of these are enough to find out where
// the key is free, to be split with others once, and to win. The rest is for a busy machine.
const waitsBound = waitsTTL + 3*waitsTimeout + time.Second

// waitsStall is for how long nobody gets a key only if something is wrong.
const waitsStall = 300 * time.Millisecond

// waitsSlow is half of the time for which a node keeps a key for whoever it has woken: what takes longer has been waited out,
// most likely, because nobody was told, or nobody of those who were came. That is no promise, but of a hundred hand-overs it
// may be one.
const waitsSlow = 100 * time.Millisecond

// waitsRounds is how often the time of a lock that nobody else wants is added to each of these bounds: when that takes long,
// the machine is busy with something else.
const waitsRounds = 10

// span is a time, from and until.
type span struct{ from, until time.Duration }

// verdict is what the diaries of all processes come to.
type verdict struct {
	handOvers, between        int64 // all, and those from one process to another
	late                      int64 // leases that were lost when Lock returned
	secondHolders, outOfOrder int64
	lost, stalls              int64 // gaps beyond the bound; and stalls that no fault explains
	calm, slow                int64 // gaps that no fault explains, and how many of them have been waited out
	largest, largestCalm      time.Duration
}

// circumstances are what explains that a hand-over takes long.
type circumstances struct {
	faults []span
	alone  []span // locks that nobody else wanted
}

// slack is what is added to bounds for a gap: the machine may have been busy.
func (c circumstances) slack(gap span) (slack time.Duration) {
	for _, lock := range c.alone {
		if gap.meets(lock) {
			slack = max(slack, waitsRounds*(lock.until-lock.from))
		}
	}
	return slack
}

func (s span) meets(other span) bool { return s.from < other.until && other.from < s.until }

// judge merges what all processes did, by key.
func judge(t *testing.T, all []try, c circumstances) verdict {
	t.Helper()
	var v verdict
	for key := range uint8(waitsKeys) {
		var tries []try
		for _, x := range all {
			if x.key == key {
				tries = append(tries, x)
			}
		}
		slices.SortFunc(tries, func(a, b try) int { return cmp.Compare(a.at, b.at) })
		v.holds(t, tries)
		v.gaps(t, tries, c)
	}
	return v
}

// holds looks whether holds of a key overlap, and whether their fences rise. tries are in the order in which they ended.
func (v *verdict) holds(t *testing.T, tries []try) {
	t.Helper()
	var last, longest *try // the last hold, and the one that ends last
	for i := range tries {
		x := &tries[i]
		if x.kind == pageLate {
			v.late++
		}
		if x.kind != pageGot {
			continue
		}
		v.handOvers++
		if last != nil {
			if last.process != x.process {
				v.between++
			}
			if x.at < longest.end {
				v.secondHolders++
				complain(t, v.secondHolders, "%s: process %d held it from %v until %v, and process %d from %v", waitsKey(x.key), longest.process, longest.at, longest.end, x.process, x.at)
			}
			if x.fence <= last.fence {
				v.outOfOrder++
				complain(t, v.outOfOrder, "%s: process %d got the fence %d at %v, after %d of process %d at %v", waitsKey(x.key), x.process, x.fence, x.at, last.fence, last.process, last.at)
			}
		}
		if last = x; longest == nil || x.end > longest.end {
			longest = x
		}
	}
}

// gaps looks for how long nobody got a key while somebody waited for it all the time.
func (v *verdict) gaps(t *testing.T, tries []try, c circumstances) {
	t.Helper()
	type news struct {
		at   time.Duration
		of   *try
		asks bool
	}
	events := make([]news, 0, 2*len(tries))
	for i := range tries {
		events = append(events, news{tries[i].asked, &tries[i], true}, news{tries[i].at, &tries[i], false})
	}
	slices.SortStableFunc(events, func(a, b news) int { return cmp.Compare(a.at, b.at) })
	waiting, since := 0, time.Duration(0)
	for _, e := range events {
		if e.asks {
			if waiting++; waiting == 1 {
				since = e.at
			}
			continue
		}
		got := e.of.kind == pageGot || e.of.kind == pageLate
		if waiting--; !got && waiting > 0 {
			continue
		}
		v.gap(t, e.of, span{since, e.at}, c)
		since = e.at
	}
}

// gap judges one gap, at whose end something came of x.
func (v *verdict) gap(t *testing.T, x *try, s span, c circumstances) {
	t.Helper()
	took := s.until - s.from
	v.largest = max(v.largest, took)
	calm := !slices.ContainsFunc(c.faults, s.meets)
	if calm {
		v.calm++
		v.largestCalm = max(v.largestCalm, took)
	}
	if took <= waitsSlow {
		return
	}
	slack := c.slack(s)
	const words = "%s: nobody got it for %v, until %v, while somebody waited; then process %d, which had waited for %v; another lock took %v at most"
	args := []any{waitsKey(x.key), took, s.until, x.process, x.at - x.asked, slack / waitsRounds}
	if took > waitsBound+slack {
		v.lost++
		complain(t, v.lost, words, args...)
	}
	if calm && took > waitsSlow+slack {
		v.slow++
	}
	if calm && took > waitsStall+slack {
		if v.stalls++; v.stalls <= 5 {
			t.Logf(words, args...)
		}
	}
}

// complain fails the test, in words for the first few of a kind.
func complain(t *testing.T, count int64, format string, args ...any) {
	t.Helper()
	if count <= 5 {
		t.Errorf(format, args...)
	} else {
		t.Fail()
	}
}
