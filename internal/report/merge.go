package report

import (
	"cmp"
	"math"
	"slices"
)

// closer is the gap, in pixels, below which two spans are drawn as one.
const closer = 0.5

// merged is one or several spans that are drawn as one.
type merged struct {
	from, to    float64 // in pixels
	first, last float64 // on the axis
	count       int
	titles      string // of the first three
}

// merge returns what is to be drawn of a row: for each kind, and for those that are bad, of whatever kind, spans from
// left to right with at least half a pixel between them. So there are at most 2n+1 of each in n pixels, and every bad
// span is within a bad one. A kind that does not exist is drawn as the last one; without kinds only bad spans are seen.
func (d *drawing) merge(spans []Span, count int) (kinds [][]merged, bad []merged) {
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	kinds = make([][]merged, count)
	for _, s := range spans {
		if math.IsNaN(s.From) || math.IsNaN(s.To) {
			continue
		}
		to := &bad
		if !s.Bad {
			if count == 0 {
				continue
			}
			to = &kinds[min(max(s.Kind, 0), count-1)]
		}
		*to = d.join(*to, s)
	}
	return kinds, bad
}

// join adds a span, which begins no earlier than those before it, to the last of them or after it.
func (d *drawing) join(all []merged, s Span) []merged {
	from, to := d.across(s.From), d.across(max(s.From, s.To))
	if len(all) == 0 || from-all[len(all)-1].to >= closer {
		return append(all, merged{from, to, s.From, max(s.From, s.To), 1, s.Title})
	}
	m := &all[len(all)-1]
	m.to, m.last = max(m.to, to), max(m.last, s.To)
	m.count++
	switch {
	case m.count <= 3 && s.Title != "":
		m.titles += "\n" + s.Title
	case m.count == 4:
		m.titles += "\n…"
	}
	return all
}
