package chaos

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/quorumlock/quorumlock/internal/report"
)

// axis is the time of the run.
func (r *Report) axis() report.Axis {
	return report.Axis{Name: "seconds since the beginning", Min: 0, Max: r.History.Stopped.Seconds(),
		Format: func(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) + " s" }}
}

func (r *Report) bands() []report.Band {
	var all []report.Band
	for _, s := range r.History.Strikes {
		name := s.Fault
		if len(s.Nodes) > 0 {
			name += fmt.Sprintf(" ×%d", len(s.Nodes))
		}
		all = append(all, report.Band{From: s.Begin.From.Seconds(), To: max(s.End.Until, s.Begin.Until).Seconds(), Name: name})
	}
	return all
}

const bandName = "a fault"

func (r *Report) latencyBlock() report.Block {
	p50, p99 := report.Line{Name: "p50"}, report.Line{Name: "p99"}
	for _, p := range r.Series {
		x, a, b := (p.At + r.Interval/2).Seconds(), math.NaN(), math.NaN()
		if p.P50 > 0 {
			a, b = p.P50.Seconds(), p.P99.Seconds()
		}
		p50.Points = append(p50.Points, report.Point{X: x, Y: a})
		p99.Points = append(p99.Points, report.Point{X: x, Y: b})
	}
	return report.Block{
		Heading: "Latency", Text: "Of one try to lock a key that nobody else wants, when it was granted. Gaps are times in which none was.",
		Chart: &report.Chart{
			About: "latency over time", X: r.axis(), Lines: []report.Line{p50, p99}, Bands: r.bands(), BandName: bandName,
			Y: report.Axis{Name: "latency", Scale: report.Log, Format: func(v float64) string { return millis(time.Duration(v * 1e9)) }},
		},
	}
}

func (r *Report) leasesBlock() report.Block {
	leases, failed := report.Line{Name: "leases a second"}, report.Line{Name: "failed tries a second"}
	per := r.Interval.Seconds()
	for _, p := range r.Series {
		x := (p.At + r.Interval/2).Seconds()
		leases.Points = append(leases.Points, report.Point{X: x, Y: float64(p.Leases) / per})
		failed.Points = append(failed.Points, report.Point{X: x, Y: float64(p.Failed) / per})
	}
	return report.Block{
		Heading: "Leases", Text: "How many were handed out, and how many tries of keys that nobody else wants failed.",
		Chart: &report.Chart{
			About: "leases over time", X: r.axis(), Lines: []report.Line{leases, failed}, Bands: r.bands(), BandName: bandName,
			Y: report.Axis{Name: "a second", Format: func(v float64) string { return grouped(int(math.Round(v))) }},
		},
	}
}
