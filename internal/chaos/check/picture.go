package check

import (
	"io"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// shown is how many units a picture has at most.
const shown = 150

// Picture writes a page of porcupine's own, in HTML, that shows the order which it found: of what went before the first
// problem, and a little after it; or, if there is none, of the beginning of the key that was used most.
func Picture(w io.Writer, h *history.History, x Expect) error {
	parts, _ := newRun(h, &x).parts()
	if len(parts) == 0 {
		_, err := io.WriteString(w, "<!DOCTYPE html>\n<title>Porcupine</title>\n<p>Nobody had a lease: there is no order to show.\n")
		return err
	}
	show := busiest(parts)
	began := time.Now()
	for _, p := range parts {
		left := time.Duration(0)
		if x.Patience > 0 {
			if left = x.Patience - time.Since(began); left <= 0 {
				break
			}
		}
		if porcupine.CheckOperationsTimeout(p.model, p.ops(), left) == porcupine.Illegal {
			show = p.around(p.problem(left).At)
			break
		}
	}
	show.units = show.units[:min(shown, len(show.units))]
	_, info := porcupine.CheckOperationsVerbose(show.model, show.ops(), x.Patience)
	return porcupine.Visualize(show.model, info, w)
}

// busiest returns the beginning of the key that has most parts.
func busiest(parts []part) part {
	of := map[string]int{}
	best := parts[0]
	for i := len(parts) - 1; i >= 0; i-- {
		p := parts[i]
		if of[p.key]++; of[p.key] >= of[best.key] {
			best = p
		}
	}
	return best
}

// around drops what is far before a moment. What a counter then begins with tells its value.
func (p part) around(at time.Duration) part {
	i := slices.IndexFunc(p.units, func(u unit) bool { return u.ops[0].Return >= int64(at) })
	from := max(0, i-shown*2/3)
	for from > 0 && !p.units[from].solid {
		from--
	}
	if step, ok := p.units[from].ops[0].Input.(*counterStep); ok && from > 0 && step != nil {
		p.model = counterModel(false)
	}
	p.units = p.units[from:]
	return p
}
