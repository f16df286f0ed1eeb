package report

import (
	"math"
	"strconv"
)

// Scale is how an axis spreads its values.
type Scale uint8

const (
	Linear Scale = iota
	Log          // each step is a factor; values of 0 and less have no place
	Nines        // of percentiles, 0 to 100: as much room for each further nine
)

// Axis is one axis of a chart.
type Axis struct {
	Name     string
	Scale    Scale
	Min, Max float64                // both 0: from the points, for Linear from 0
	Format   func(v float64) string // nil: as it is
}

// fit returns the axis with its range filled in from values.
func (a Axis) fit(values []float64) Axis {
	if a.Format == nil {
		a.Format = func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	}
	if a.Min == 0 && a.Max == 0 {
		a.Min, a.Max = math.Inf(1), math.Inf(-1)
		for _, v := range values {
			if a.has(v) {
				a.Min, a.Max = min(a.Min, v), max(a.Max, v)
			}
		}
		if math.IsInf(a.Min, 1) { // no values
			a.Min, a.Max = 1, 10
		}
		switch a.Scale {
		case Linear:
			step := niceAbove(a.Max / 5)
			a.Min, a.Max = min(0, a.Min), step*math.Ceil(a.Max/step)
		case Log:
			a.Min, a.Max = stepBelow(a.Min), stepAbove(a.Max)
		case Nines:
			a.Min, a.Max = 0, min(max(a.Max, 90), 99.99999)
		}
	}
	if a.Max <= a.Min {
		a.Max = a.Min + 1
	}
	return a
}

// has reports whether v has a place on the axis.
func (a Axis) has(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (a.Scale != Log || v > 0)
}

// at returns where v is: 0 at the beginning of the axis, 1 at its end. Values outside are at the next end.
func (a Axis) at(v float64) float64 {
	v = min(max(v, a.Min), a.Max)
	f := func(v float64) float64 { return v }
	switch a.Scale {
	case Log:
		f = math.Log10
	case Nines:
		f = func(v float64) float64 { return -math.Log10(1 - v/100) }
	}
	return (f(v) - f(a.Min)) / (f(a.Max) - f(a.Min))
}

// ticks returns the values to mark, at most about count.
func (a Axis) ticks(count int) []float64 {
	switch a.Scale {
	case Log:
		return a.logTicks(count)
	case Nines:
		ticks := []float64{0, 50}
		for left := 10.0; 100-left <= a.Max+1e-9 && left > 1e-6; left /= 10 {
			ticks = append(ticks, 100-left)
		}
		return ticks
	}
	step := niceAbove((a.Max - a.Min) / float64(count))
	var ticks []float64
	for i := math.Ceil(a.Min / step); i*step <= a.Max*(1+1e-9); i++ {
		ticks = append(ticks, i*step)
	}
	return ticks
}

// logTicks marks 1, 2 and 5 of each power of ten, or only the powers, or only some of those.
func (a Axis) logTicks(count int) []float64 {
	powers := math.Log10(a.Max / a.Min)
	within := func(steps []float64, every int) (ticks []float64) {
		for e := int(math.Floor(math.Log10(a.Min))); e <= int(math.Ceil(math.Log10(a.Max))); e++ {
			if e%every != 0 {
				continue
			}
			for _, s := range steps {
				if v := s * math.Pow10(e); v >= a.Min*(1-1e-9) && v <= a.Max*(1+1e-9) {
					ticks = append(ticks, v)
				}
			}
		}
		return ticks
	}
	if 3*powers <= float64(count) {
		return within([]float64{1, 2, 5}, 1)
	}
	return within([]float64{1}, max(1, int(math.Ceil(powers/float64(count)))))
}

// niceAbove returns the next of …, 1, 2, 2.5, 5, 10, … that is not below v.
func niceAbove(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 2.5, 5} {
		if v <= f*power*(1+1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// stepBelow and stepAbove return the next of …, 1, 2, 5, 10, … below and above v.
func stepBelow(v float64) float64 { return nextStep(v, math.Floor) }
func stepAbove(v float64) float64 { return nextStep(v, math.Ceil) }

func nextStep(v float64, round func(float64) float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	steps := []float64{1, 2, 5, 10}
	if round(0.5) == 0 {
		for i := len(steps) - 1; i >= 0; i-- {
			if steps[i]*power <= v*(1+1e-9) {
				return steps[i] * power
			}
		}
	}
	for _, s := range steps {
		if s*power >= v*(1-1e-9) {
			return s * power
		}
	}
	return 10 * power
}
