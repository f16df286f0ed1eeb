package bench

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/report"
)

// WritePage writes the result as an HTML page that needs nothing else.
func WritePage(w io.Writer, r *Result) error {
	page := report.Page{
		Title:    "What a quorum lock costs",
		Lead:     []string{r.NodesText() + ".", r.Load.Text() + "."},
		Warnings: r.Notes,
		Figures:  figures(r),
		Blocks:   append(charts(r), tables(r)...),
		Footer:   footer(r),
	}
	if r.Embedded() {
		page.Title += " (not Redis figures)"
	}
	return page.Write(w)
}

func figures(r *Result) []report.Figure {
	ms := func(m Millis) string { return strings.TrimSuffix(m.String(), "ms") + " ms" }
	if r.Lock.Max >= Millis(time.Second) {
		ms = Millis.String
	}
	unit := "locks per second"
	if r.Load.Keys == One {
		unit = "hand-overs per second"
	}
	return []report.Figure{
		{Value: Grouped(int64(r.PerSecond + 0.5)), Name: unit, Note: fmt.Sprintf("%s in %s", Grouped(r.Completed), Short(time.Duration(r.Measured)))},
		{Value: ms(r.Lock.P50), Name: "lock, median", Note: "p99 " + ms(r.Lock.P99)},
		{Value: ms(r.Unlock.P50), Name: "unlock, median", Note: "p99 " + ms(r.Unlock.P99)},
		{Value: ms(r.Quorum.P50), Name: fmt.Sprintf("to vote %d of %d, median", r.Environment.Need, r.Environment.Nodes), Note: "to the slowest node " + ms(r.Slowest.P50)},
		{Value: fmt.Sprintf("%.0f", r.Cost.Allocs), Name: "allocations per lock", Note: Bytes(r.Cost.Bytes) + ", " + Short(time.Duration(r.Cost.CPU)) + " of CPU"},
	}
}

// charts are the curves over percentiles and over time.
func charts(r *Result) []report.Block {
	whose := "What the process of the load held, whatever else is in it included."
	if r.Load.Processes > 1 {
		whose = fmt.Sprintf("What the %d processes of the load held together.", r.Load.Processes)
	}
	seconds := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + " s" }
	when := report.Axis{Name: "seconds after the warm-up", Min: 0, Max: r.Measured.float(), Format: func(v float64) string { return seconds(math.Round(v*1000) / 1000) }}
	latency := report.Axis{Name: "latency", Scale: report.Log, Format: func(v float64) string { return Millis(v * 1e6).axis() }}
	p50, p99 := report.Line{Name: "p50"}, report.Line{Name: "p99"}
	rate, held := report.Line{Name: "locks per second"}, report.Line{Name: "memory"}
	for _, p := range r.Series {
		x := (p.At + r.Interval/2).float()
		p50.Points = append(p50.Points, report.Point{X: x, Y: p.P50.float()})
		p99.Points = append(p99.Points, report.Point{X: x, Y: p.P99.float()})
		rate.Points = append(rate.Points, report.Point{X: x, Y: p.PerSecond})
		if p.Memory > 0 {
			held.Points = append(held.Points, report.Point{X: x, Y: float64(p.Memory) / (1 << 20)})
		}
	}
	var bands []report.Band
	for _, f := range r.Faults {
		if f.Until > f.From {
			bands = append(bands, report.Band{From: f.From.float(), To: min(f.Until, r.Measured).float(), Name: strings.Split(f.Fault, "@")[0]})
		}
	}
	return []report.Block{
		{
			Heading: "Latency by percentile",
			Text:    "How long all but the slowest took: at 99 %, one in a hundred took longer. Each step to the right is one nine more.",
			Chart: &report.Chart{
				About: "latency of lock, unlock and whole cycle by percentile",
				X: report.Axis{Name: "percentile", Scale: report.Nines, Format: func(v float64) string {
					return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64) + " %"
				}},
				Y:     latency,
				Lines: []report.Line{curve("lock", r.Curves.Lock), curve("unlock", r.Curves.Unlock), curve("whole cycle", r.Curves.Cycle)},
			},
		},
		{
			Heading: "Latency over time",
			Text:    fmt.Sprintf("Of whole cycles, in steps of %v, by when they were due. A gap: none was due then.", time.Duration(r.Interval)),
			Chart: &report.Chart{
				About: "median and 99th percentile of the whole cycle over time", X: when, Y: latency,
				Lines: []report.Line{p50, p99}, Bands: bands, BandName: "fault",
			},
		},
		{
			Heading: "Throughput over time",
			Text:    "Cycles that were completed, by when they were.",
			Chart: &report.Chart{
				About: "locks per second over time", X: when,
				Y:     report.Axis{Name: "locks per second", Format: func(v float64) string { return Grouped(int64(v + 0.5)) }},
				Lines: []report.Line{rate}, Bands: bands, BandName: "fault",
			},
		},
		{
			Heading: "Memory over time",
			Text:    whose,
			Chart: &report.Chart{
				About: "memory of the process over time", X: when,
				Y:     report.Axis{Name: "MiB", Format: func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + " MiB" }},
				Lines: []report.Line{held}, Bands: bands, BandName: "fault",
			},
		},
	}
}

func curve(name string, points []Percentile) report.Line {
	line := report.Line{Name: name}
	for _, p := range points {
		if p.P < 100 {
			line.Points = append(line.Points, report.Point{X: p.P, Y: p.Latency.float()})
		}
	}
	return line
}

func (m Millis) float() float64  { return float64(m) / float64(time.Millisecond) }
func (s Seconds) float() float64 { return time.Duration(s).Seconds() }

// axis is m in the fewest digits, for the marks of an axis and what is read off a curve.
func (m Millis) axis() string {
	v, unit := m.float(), " ms"
	if v >= 1000 {
		v, unit = v/1000, " s"
	}
	return strconv.FormatFloat(v, 'g', 3, 64) + unit
}
