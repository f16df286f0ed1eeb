package main

import (
	"fmt"
	"math"
	"strings"
)

// text is the median with the ends in brackets.
func (s Spread) text(unit string) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%s%s (%s–%s)", number(s.Median), unit, number(s.Min), number(s.Max))
}

func (s Spread) median() string {
	if s.N == 0 {
		return "–"
	}
	return number(s.Median)
}

func (s Spread) high() string {
	if s.N == 0 {
		return "–"
	}
	return number(s.Max)
}

// number writes three digits that count, and thousands apart.
func number(f float64) string {
	switch a := math.Abs(f); {
	case a == 0:
		return "0"
	case a >= 9_999.5:
		return fmt.Sprintf("%d %03d", int(math.Round(f/10)*10)/1000, int(math.Round(f/10)*10)%1000)
	case a >= 99.95:
		return fmt.Sprintf("%.0f", f)
	case a >= 9.995:
		return trim(fmt.Sprintf("%.1f", f))
	case a >= 0.9995:
		return trim(fmt.Sprintf("%.2f", f))
	default:
		return trim(fmt.Sprintf("%.3f", f))
	}
}

func trim(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }
