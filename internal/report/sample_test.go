package report

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// chaosPage is a page with everything: a minute of five nodes with faults, and of eight clients with 3000 holds, of which
// two are bad where the verdict is Failed.
func chaosPage(outcome Outcome) *Page {
	x := Axis{Name: "seconds", Max: 60}
	x.Format = func(v float64) string { return strconv.FormatFloat(float64(int(v*1000))/1000, 'f', -1, 64) + " s" }
	bands := []Band{{5, 12, "kill:2"}, {18, 26, "pause:1"}, {24, 33, "cut off:2"}, {38, 44, "slow:3"}, {47, 52, "lossy:1"}}
	clients := clientStrip(x, bands, outcome == Failed)
	overlaps := Figure{"0", "overlaps", "of two holds"}
	verdict := Verdict{"PASS", Passed, "No two clients held one lock at the same time, in 3000 holds and five faults. Every fence was larger than the one before."}
	switch outcome {
	case Failed:
		overlaps = Figure{"2", "overlaps", "82 ms"}
		verdict = Verdict{"FAIL", Failed, "Twice two clients held orders/42 at the same time: at 21.4 s for 80 ms, and at 41.003 s for 2 ms. What led there is marked in red below."}
	case Open:
		verdict = Verdict{"UNKNOWN", Open, "The run was interrupted after 60 s, before all kinds of faults had been tried. Nothing wrong was seen until then."}
	}
	random := rand.New(rand.NewPCG(1, 2))
	rate, p50, p99 := Line{Name: "locks per second"}, Line{Name: "p50"}, Line{Name: "p99"}
	for v := 0.5; v < 60; v++ {
		slow := 1.0
		if v > 24 && v < 27 || v > 38 && v < 44 {
			slow = 9
		}
		rate.Points = append(rate.Points, Point{v, (50 + 8*random.Float64()) / slow})
		p50.Points = append(p50.Points, Point{v, slow * (1.5 + random.Float64()/4)})
		p99.Points = append(p99.Points, Point{v, slow * (6 + 4*random.Float64())})
	}
	return &Page{
		Title: "Chaos: what became of the lock", Verdict: verdict,
		Lead:     []string{"5 nodes that are processes of redis-server, 8 clients on one key, seed 42.", "60 s, with 5 faults."},
		Warnings: []string{"The nodes shared 2 cores with the clients."},
		Figures: []Figure{{"3,000", "holds", "50 per second"}, {"5", "faults", "of 5 kinds"}, overlaps,
			{"61 ms", "lock, median", "p99 412 ms"}, {"3,000", "fences", "all in order"}},
		Blocks: []Block{
			{Heading: "Nodes over time", Text: "What each node was. A majority of three must be up for a lock to be had.", Strip: nodeStrip(x, bands)},
			{Heading: "Who held the lock", Text: "Each client, and when it believed to hold the lock.", Strip: clients},
			{Heading: "Locks over time", Text: "Holds that began, in steps of one second.", Chart: &Chart{About: "locks per second over time", X: x,
				Y: Axis{Name: "locks per second"}, Lines: []Line{rate}, Bands: bands, BandName: "fault"}},
			{Heading: "Latency over time", Text: "Of locks, in steps of one second.", Chart: &Chart{About: "latency over time", X: x,
				Y: Axis{Name: "latency", Scale: Log, Format: func(v float64) string { return fmt.Sprint(v, " ms") }}, Lines: []Line{p50, p99}, Bands: bands, BandName: "fault"}},
			{Heading: "Faults", Table: &Table{Head: []string{"fault", "from", "until", "locks", "lost rounds", "what happened"}, Tail: true, Rows: [][]string{
				{"kill:2", "5.000 s", "12.031 s", "350", "12", "n1 and n2 were killed; both forgot their votes and waited 10 s before they voted again"},
				{"pause:1", "18.000 s", "26.004 s", "280", "3", "n3 hung"},
			}}},
		},
		Footer: []string{"redlock chaos --seed 42"},
	}
}

func nodeStrip(x Axis, bands []Band) *Strip {
	const up, waits, slow, lossy, cutOff, hung, dead = 0, 1, 2, 3, 4, 5, 6
	return &Strip{
		About: "states of five nodes over time", X: x, Bands: bands, BandName: "fault",
		Kinds: []Kind{{"up", Faint}, {"does not vote yet", Sand}, {"slow", Sky}, {"loses replies", Green}, {"cut off", Orange}, {"hung", Purple}, {"dead", Dark}},
		Rows: []Row{
			{Name: "n1", Note: "killed once, 7 s dead, 10 s without a vote", Spans: []Span{{0, 5, up, "", false}, {5, 12, dead, "killed at 5 s", false}, {12, 22, waits, "forgot its votes", false}, {22, 60, up, "", false}}},
			{Name: "n2", Note: "killed once, 7 s dead, 10 s without a vote", Spans: []Span{{0, 5, up, "", false}, {5.2, 12, dead, "killed at 5.2 s", false}, {12, 22, waits, "forgot its votes", false}, {22, 38, up, "", false}, {38, 44, slow, "20 ms more", false}, {44, 60, up, "", false}}},
			{Name: "n3", Note: "hung once, slow once", Spans: []Span{{0, 18, up, "", false}, {18, 26, hung, "paused", false}, {26, 38, up, "", false}, {38, 44, slow, "20 ms more", false}, {44, 60, up, "", false}}},
			{Name: "n4", Note: "cut off once, slow once", Spans: []Span{{0, 24, up, "", false}, {24, 33, cutOff, "no way in", false}, {33, 38, up, "", false}, {38, 44, slow, "20 ms more", false}, {44, 60, up, "", false}, {58, 58.001, dead, "killed for a moment", false}}},
			{Name: "n5", Note: "cut off once, lost replies once", Spans: []Span{{0, 24, up, "", false}, {24, 33, cutOff, "no way in", false}, {33, 47, up, "", false}, {47, 52, lossy, "every third reply is lost", false}, {52, 60, up, "", false}}},
		},
	}
}

// clientStrip is 3000 holds one after the other, and two that are not.
func clientStrip(x Axis, bands []Band, bad bool) *Strip {
	random := rand.New(rand.NewPCG(3, 4))
	s := &Strip{About: "who held the lock over time", X: x, Bands: bands, BandName: "fault", BadName: "held by two", Kinds: []Kind{{"held", Blue}}}
	for i := range 8 {
		s.Rows = append(s.Rows, Row{Name: fmt.Sprintf("client %d", i+1)})
	}
	for i := range 3000 {
		at := float64(i) / 50
		row := &s.Rows[random.IntN(8)]
		row.Spans = append(row.Spans, Span{From: at, To: at + 0.003 + 0.015*random.Float64(), Title: fmt.Sprintf("fence %d", i)})
	}
	if bad {
		for _, c := range []int{1, 4} {
			s.Rows[c].Spans = append(s.Rows[c].Spans, Span{From: 21.4, To: 21.48, Title: "orders/42 is held by client 2 and client 5", Bad: true})
		}
		for _, c := range []int{0, 6} {
			s.Rows[c].Spans = append(s.Rows[c].Spans, Span{From: 41.003, To: 41.005, Title: "orders/42 is held by client 1 and client 7", Bad: true})
		}
	}
	return s
}

// addressStrip has what the others have not: names too long to stand beside the spans, one without room for its note,
// more bands than names have room for, a row that is busy all the time, and a bad span at either end.
func addressStrip() *Strip {
	s := &Strip{About: "nodes by address", Kinds: []Kind{{"up", Faint}, {"away", Orange}}, BadName: "wrong", BandName: "fault", X: Axis{Name: "seconds", Max: 10}}
	for i := range 12 {
		s.Bands = append(s.Bands, Band{1 + float64(i)/20, 2 + float64(i)/20, "cut off:" + strconv.Itoa(i)})
	}
	s.Rows = []Row{
		{Name: "10.0.0.1:6379", Note: "a note that is a good deal longer than the room that there is beside a name on any phone", Spans: []Span{{0, 10, 0, "", false}, {0, 0, 0, "first", true}, {10, 10, 0, "last", true}}},
		{Name: "redis-2.a-rather-long-name.internal.example.com:6379"},
		{Name: "c", Note: "busy"},
	}
	for i := range 5000 {
		s.Rows[2].Spans = append(s.Rows[2].Spans, Span{From: float64(i) / 500, To: (float64(i) + 0.9) / 500, Kind: 1})
	}
	return s
}
