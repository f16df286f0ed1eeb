package main

import (
	"bytes"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colours of this library, of quorum locks, and of what is no quorum lock.
var (
	oursColour  = color.RGBA{R: 0x2a, G: 0x6f, B: 0xb0, A: 0xff}
	peersColour = color.RGBA{R: 0x9a, G: 0xa5, B: 0xb1, A: 0xff}
	otherColour = color.RGBA{R: 0xd9, G: 0xdd, B: 0xe2, A: 0xff}
)

// plotThroughput draws the throughput by subject, as SVG: a bar is the median, its whisker the smallest and largest turn.
func plotThroughput(run *Run) ([]byte, error) {
	page := &page{run: run, figures: run.Measurements}
	subjects := page.subjectsOf(throughput)
	slices.Reverse(subjects) // the first one on top

	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	plotter.DefaultFont = plot.DefaultFont
	p := plot.New()
	p.Title.Text = "Locks per second: 256 workers, distinct keys"
	p.Title.Padding = vg.Points(12)
	p.BackgroundColor = color.White
	p.X.Min = 0
	names := make([]string, len(subjects))
	bars := map[color.RGBA]plotter.Values{}
	labels := plotter.XYLabels{}
	ends := &ranges{}
	for i, k := range subjects {
		names[i] = k.Name
		s := page.of(pick{workload: throughput, subject: k.Name}, perSecond).spread()
		c := colourOf(k)
		if bars[c] == nil {
			bars[c] = make(plotter.Values, len(subjects))
		}
		bars[c][i] = s.Median
		labels.XYs = append(labels.XYs, plotter.XY{X: s.Max, Y: float64(i)})
		labels.Labels = append(labels.Labels, number(s.Median))
		ends.XYs = append(ends.XYs, plotter.XY{X: s.Median, Y: float64(i)})
		ends.XErrors = append(ends.XErrors, struct{ Low, High float64 }{s.Min - s.Median, s.Max - s.Median})
		p.X.Max = max(p.X.Max, 1.15*s.Max)
	}
	most := p.X.Max
	for _, c := range []color.RGBA{oursColour, peersColour, otherColour} {
		if bars[c] == nil {
			continue
		}
		chart, err := plotter.NewBarChart(bars[c], vg.Points(14))
		if err != nil {
			return nil, err
		}
		chart.Horizontal, chart.Color, chart.LineStyle.Width = true, c, 0
		p.Add(chart)
	}
	if len(subjects) > 0 {
		whiskers, err := plotter.NewXErrorBars(ends)
		if err != nil {
			return nil, err
		}
		text, err := plotter.NewLabels(labels)
		if err != nil {
			return nil, err
		}
		text.Offset.X = vg.Points(5)
		for i := range text.TextStyle {
			text.TextStyle[i].YAlign = draw.YCenter
		}
		p.Add(whiskers, text)
		p.NominalY(names...)
		p.Y.Padding = vg.Points(26) // the fonts of whoever looks may be wider than ours
	}
	p.X.Max = most

	c := vgsvg.New(18*vg.Centimeter, vg.Length(len(subjects)+3)*0.8*vg.Centimeter)
	// Names that are wider than the plot expects would be cut.
	p.Draw(draw.Crop(draw.New(c), vg.Points(12), -vg.Points(8), vg.Points(4), -vg.Points(6)))
	var out bytes.Buffer
	_, err := c.WriteTo(&out)
	// Whoever looks at it need not have our font.
	return bytes.ReplaceAll(out.Bytes(), []byte("Liberation Sans;"), []byte("Liberation Sans, Arial, Helvetica, sans-serif;")), err
}

func colourOf(k Kind) color.RGBA {
	switch {
	case k.Ours:
		return oursColour
	case k.Limit || k.Single:
		return otherColour
	default:
		return peersColour
	}
}

// ranges are points with how far they reach to the left and to the right.
type ranges struct {
	plotter.XYs
	plotter.XErrors
}
