package check

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func at(t time.Duration) string { return fmt.Sprintf("%.3fs", t.Seconds()) }

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond / 10) }

func count(n int, what string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(what, "y") && !strings.HasSuffix(what, "key"):
		what = strings.TrimSuffix(what, "y") + "ies"
	default:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// Rank returns the smallest of the sorted values that is not below a share of them; 0 of none.
func Rank(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	i := int(share*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// spread tells the least, the middle and the largest of one or more times.
func spread(times []time.Duration) string {
	slices.Sort(times)
	if len(times) == 1 {
		return round(times[0]).String()
	}
	return fmt.Sprintf("%v at least, %v in the middle, %v at most", round(times[0]), round(Rank(times, 0.5)), round(times[len(times)-1]))
}
