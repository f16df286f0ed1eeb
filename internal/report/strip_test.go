package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The same moment stands at the same place in a strip and in a chart: the bands of both, and their marks of time.
func TestStripStandsUnderChart(t *testing.T) {
	x, bands := Axis{Name: "time", Max: 60}, []Band{{5, 12, "kill"}, {18.5, 26, "pause"}, {24, 24, "blink"}}
	chart := &Chart{X: x, Bands: bands, Lines: []Line{{Points: []Point{{0, 1}, {60, 2}}}}}
	strip := &Strip{X: x, Bands: bands, Kinds: []Kind{{"up", Faint}}, Rows: []Row{{Name: "n1", Note: "noted", Spans: []Span{{From: 1, To: 61}}}}}
	places := regexp.MustCompile(`class="band" x="[0-9.]+" y="\d+" width="[0-9.]+"|class="axis" x1="[0-9.]+"|class="bandname" x="[0-9.]+"`)
	y := regexp.MustCompile(` y="\d+"`)
	for _, size := range []Size{Wide, Phone} {
		of := func(d drawn) (all []string) {
			for _, place := range places.FindAllString(d.SVG(size), -1) {
				all = append(all, y.ReplaceAllString(place, ""))
			}
			return all
		}
		got, want := of(strip), of(chart)
		if len(want) < 8 || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %q\nwant %q", size, got, want)
		}
	}
}

// What is drawn is as large as the field, not as what was written down: at most 2n+1 spans of a kind, and as many bad
// ones, in n pixels.
func TestStripIsBounded(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	s := &Strip{X: Axis{Max: 1}, Kinds: []Kind{{"a", Dark}, {"b", Sky}}, Rows: []Row{{Name: "r"}}}
	for range 200_000 {
		from := random.Float64()
		s.Rows[0].Spans = append(s.Rows[0].Spans, Span{from, from, random.IntN(2), "title", random.IntN(2) == 0})
	}
	for _, size := range []Size{Wide, Phone} {
		svg, most := s.SVG(size), 2*(size.Width-left-right)+1
		for _, class := range []string{"p1", "p7", "bad"} {
			if got := strings.Count(svg, `<rect class="`+class+`"`); got == 0 || got > most {
				t.Errorf("%v: got %d spans of class %s, want 1 to %d", size, got, class, most)
			}
		}
		if got, most := len(svg), 3*most*250; got > most {
			t.Errorf("%v: got %d bytes, want at most %d", size, got, most)
		}
	}
}

// Spans are drawn as one if a chain of gaps below half a pixel joins them, and only then; each is in one of its kind.
func TestMergeJoinsWhatCannotBeToldApart(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for round := range 300 {
		d := &drawing{x: Axis{Max: 100}.fit(nil), width: 200}
		var spans []Span
		for range random.IntN(80) {
			from := 100 * random.Float64()
			spans = append(spans, Span{From: from, To: from + random.ExpFloat64()/4, Kind: random.IntN(2), Bad: random.IntN(3) == 0})
		}
		kinds, bad := d.merge(spans, 2)
		for i, got := range append(kinds, bad) {
			var own []Span
			for _, s := range spans {
				if s.Bad == (i == 2) && (s.Bad || s.Kind == i) {
					own = append(own, s)
				}
			}
			if groups := groupsOf(d, own); len(got) != groups {
				t.Fatalf("round %d, kind %d: got %d spans, want %d", round, i, len(got), groups)
			}
			for _, s := range own {
				if !within(d, s, got) {
					t.Fatalf("round %d, kind %d: %v is in none of %v", round, i, s, got)
				}
			}
			count := 0
			for _, m := range got {
				count += m.count
			}
			if count != len(own) {
				t.Fatalf("round %d, kind %d: got a count of %d, want %d", round, i, count, len(own))
			}
		}
	}
}

// groupsOf says into how many groups spans fall, the slow way: each begins as its own, and pairs that are close become
// one until nothing changes.
func groupsOf(d *drawing, spans []Span) int {
	group := make([]int, len(spans))
	for i := range group {
		group[i] = i
	}
	for changed := true; changed; {
		changed = false
		for i, a := range spans {
			for j, b := range spans {
				gap := max(d.across(a.From), d.across(b.From)) - min(d.across(a.To), d.across(b.To))
				if gap < closer && group[j] > group[i] {
					group[j], changed = group[i], true
				}
			}
		}
	}
	groups := map[int]bool{}
	for _, g := range group {
		groups[g] = true
	}
	return len(groups)
}

func within(d *drawing, s Span, all []merged) bool {
	for _, m := range all {
		if m.from <= d.across(s.From) && m.to >= d.across(s.To) {
			return true
		}
	}
	return false
}

// A bad span that is too short to be seen is seen, among thousands that it hides in, after them and under a mark, and
// says what it is.
func TestBadSpanIsNeverLost(t *testing.T) {
	s := &Strip{X: Axis{Max: 60}, Kinds: []Kind{{"held", Blue}}, BadName: "overlap", Rows: []Row{{Name: "client 1"}}}
	for i := range 3000 {
		s.Rows[0].Spans = append(s.Rows[0].Spans, Span{From: float64(i) / 50, To: float64(i+1) / 50})
	}
	s.Rows[0].Spans[1500].Bad, s.Rows[0].Spans[1500].To, s.Rows[0].Spans[1500].Title = true, 30.000001, "two at once"
	svg := s.SVG(Wide)
	rect := regexp.MustCompile(`<rect class="bad" x="([0-9.]+)" y="\d+" width="([0-9.]+)" height="\d+"><title>two at once</title></rect><path class="bad"`).FindStringSubmatchIndex(svg)
	if rect == nil {
		t.Fatalf("got no bad span under a mark in %s", svg)
	}
	if at, want := number(t, svg[rect[2]:rect[3]]), 30.0/60*(900-left-right)+left; math.Abs(at-want) > 0.1 {
		t.Errorf("got it at %v, want %v", at, want)
	}
	if width := number(t, svg[rect[4]:rect[5]]); width < 2 {
		t.Errorf("got it %v wide, want at least 2", width)
	}
	if last := strings.LastIndex(svg, `<rect class="p`); last > rect[0] {
		t.Errorf("got a span drawn over the bad one")
	}
}

// The mark of a bad span stands above its bar, and below the row above and the words of its own row.
func TestMarksHaveRoom(t *testing.T) {
	drawn := regexp.MustCompile(`<rect class="bad" x="[0-9.]+" y="(\d+)" width="[0-9.]+" height="(\d+)">|<path class="bad" d="M[0-9.]+ (\d+)h12l-6 9z"/>|<text x="64.0" y="(\d+)">noted`)
	for _, note := range []string{"", "noted"} {
		row := Row{Name: "n1", Note: note, Spans: []Span{{From: 1, To: 2, Bad: true}}}
		s := &Strip{X: Axis{Max: 9}, Rows: []Row{row, row}}
		bar, mark, words := []int{}, []int{}, []int{}
		for _, m := range drawn.FindAllStringSubmatch(s.SVG(Wide), -1) {
			switch {
			case m[1] != "":
				bar = append(bar, int(number(t, m[1])), int(number(t, m[1])+number(t, m[2])))
			case m[3] != "":
				mark = append(mark, int(number(t, m[3])))
			default:
				words = append(words, int(number(t, m[4])))
			}
		}
		if len(bar) != 4 || len(mark) != 2 {
			t.Fatalf("%q: got bars %v and marks %v, want two of each", note, bar, mark)
		}
		if mark[1]+9 > bar[2] || mark[1] < bar[1] || mark[0] < 0 {
			t.Errorf("%q: got marks at %v between bars at %v", note, mark, bar)
		}
		if note != "" && (len(words) != 2 || words[1] > mark[1]) {
			t.Errorf("got words down to %v and marks from %v", words, mark)
		}
	}
}

// The shortest span is a pixel wide, within the field, at its ends as well.
func TestShortSpanIsSeen(t *testing.T) {
	s := &Strip{X: Axis{Max: 60}, Kinds: []Kind{{"dead", Dark}}, Rows: []Row{{Name: "n1", Spans: []Span{{From: 0, To: 0}, {From: 30, To: 30.001}, {From: 60, To: 60}}}}}
	for _, size := range []Size{Wide, Phone} {
		all := regexp.MustCompile(`<rect class="p1" x="([0-9.]+)" y="\d+" width="([0-9.]+)"`).FindAllStringSubmatch(s.SVG(size), -1)
		if len(all) != 3 {
			t.Errorf("%v: got %d spans, want 3", size, len(all))
		}
		for _, rect := range all {
			x, width := number(t, rect[1]), number(t, rect[2])
			if width != 1 || x < left || x+width > float64(size.Width-right) {
				t.Errorf("%v: got a span at %v, %v wide", size, x, width)
			}
		}
	}
}

// Spans that are drawn as one tell how many they are, from when to when, and what the first three are.
func TestMergedSpansTellHowMany(t *testing.T) {
	s := &Strip{X: Axis{Max: 1000}, Kinds: []Kind{{"held", Blue}}, Rows: []Row{{Name: "c"}}}
	for i := range 5 {
		s.Rows[0].Spans = append(s.Rows[0].Spans, Span{From: float64(i) / 10, To: float64(i)/10 + 0.05, Title: fmt.Sprint("fence ", i)})
	}
	want := "<title>5 × held\n0 to 0.45\nfence 0\nfence 1\nfence 2\n…</title>"
	if svg := s.SVG(Wide); !strings.Contains(svg, want) {
		t.Errorf("got no %q in %s", want, svg)
	}
}

// Names that are too long to stand beside the spans stand above all of them, and a note that has no room is cut.
func TestLongNamesStandAbove(t *testing.T) {
	strip := addressStrip()
	for _, size := range []Size{Wide, Phone} {
		svg := strip.SVG(size)
		if strings.Contains(svg, `text-anchor="end">10.0.0.1`) || !strings.Contains(svg, fmt.Sprintf(`<text class="rowname" x="%d"`, left)) {
			t.Errorf("%v: got a long name beside its spans", size)
		}
		if whole := strings.Contains(svg, strip.Rows[0].Note); whole != (size == Wide) {
			t.Errorf("%v: got the whole note: %v", size, whole)
		}
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
