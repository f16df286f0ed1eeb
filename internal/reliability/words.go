package main

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// families are the figures that are kinds of one thing, and what a page calls them together.
var families = []struct{ prefix, title string }{
	{"fault", "faults"}, {"refusal", "answers that were no vote"}, {"checked", "looks at each invariant"}, {"command", "commands"}, {"reply", "replies"},
}

// kind takes a figure's name apart into its family, "" for none, and the rest.
func kind(name string) (family, rest string) {
	for _, f := range families {
		if rest, ok := strings.CutPrefix(name, f.prefix); ok && rest != "" && (rest[0] == '_' || rest[0] == ':') {
			return f.prefix, strings.TrimLeft(rest, "_: ")
		}
	}
	return "", name
}

// words is a figure's name as a reader reads it.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// number writes a figure: whole ones in full, others with three digits that count.
func number(f float64) string {
	if f != math.Trunc(f) && math.Abs(f) < 1000 {
		return strconv.FormatFloat(f, 'f', max(0, 2-int(math.Floor(math.Log10(math.Abs(f))))), 64)
	}
	text := strconv.FormatFloat(math.Round(f), 'f', 0, 64)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + " " + text[at:]
	}
	return text
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
