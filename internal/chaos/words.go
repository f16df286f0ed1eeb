package chaos

import (
	"fmt"
	"strconv"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
)

func mark(o check.Outcome) string {
	switch o {
	case check.Pass:
		return "✓"
	case check.Fail:
		return "✗"
	}
	return "?"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// millis writes a latency with three digits or so.
func millis(d time.Duration) string {
	switch ms := float64(d) / 1e6; {
	case ms >= 10000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.2f ms", ms)
	}
}

// grouped writes a number with a space between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// numbered is a number and its noun.
func numbered(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return grouped(n) + " " + noun
}
