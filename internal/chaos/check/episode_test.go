package check

import (
	"reflect"
	"slices"
	"testing"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// An episode is as long as its strike can be felt, and has what was tried and handed out in it.
func TestEpisodes(t *testing.T) {
	h := played()
	attempt(h, history.Try, 12*s, 12*s+9*ms, "")
	attempt(h, history.Try, 17200*ms-1, 17200*ms, history.Held)
	attempt(h, history.Try, 12*s, 13*s, history.Cancelled)
	all := Episodes(h, wanted())
	if len(all) != 5 {
		t.Fatalf("got %d episodes, want one for each of 4 strikes and one of calm", len(all))
	}
	kill, pause, slow, freeze, none := all[0], all[1], all[2], all[3], all[4]
	if want := []history.Span{{From: 10 * s, Until: 17100 * ms}}; !reflect.DeepEqual(kill.Spans, want) || kill.Length != 7100*ms {
		t.Errorf("kill: got %v, want %v: two seconds for what it may have forgotten, one until clients know", kill.Spans, want)
	}
	if kill.Tries != 2 || kill.Won != 2 || kill.P50 != 2*ms || kill.P99 != 9*ms || kill.Handed != 3 || kill.Took != nil {
		t.Errorf("kill: got %+v", kill)
	}
	if pause.Tries != 1 || pause.Won != 0 || pause.P99 != 0 || pause.Handed != 1 || pause.Took == nil || *pause.Took != 400*ms {
		t.Errorf("pause: got %+v", pause)
	}
	if slow.Tries != 1 || slow.Length != 2100*ms || freeze.Handed != 1 || freeze.Fault != "freeze" || freeze.Strike != 3 {
		t.Errorf("slow, freeze: got %+v, %+v", slow, freeze)
	}
	want := []history.Span{{From: 0, Until: 10 * s}, {From: 17100 * ms, Until: 20 * s}, {From: 27100 * ms, Until: 30 * s},
		{From: 32100 * ms, Until: 34 * s}, {From: 37100 * ms, Until: 40 * s}}
	if !reflect.DeepEqual(none.Spans, want) || none.Tries != 2 || none.Won != 1 || none.Strike != -1 {
		t.Errorf("calm: got %+v, want %v", none, want)
	}
}

// A strike that was not over is felt until the clients stopped.
func TestAnEpisodeEndsWithTheClients(t *testing.T) {
	h := played()
	h.Strikes[3].End = history.Span{}
	h.Strikes = h.Strikes[3:]
	if got, want := Episodes(h, wanted())[0].Spans[0], (history.Span{From: 34 * s, Until: 40 * s}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// It is calm where no strike can be felt, also after one that lies within another.
func TestCalmIsOutsideOfAllEpisodes(t *testing.T) {
	h := played()
	cutOff(h, 0, 11*s, 12*s)
	all := Episodes(h, wanted())
	if got, want := all[len(all)-1].Spans[1].From, 17100*ms; got != want {
		t.Errorf("got calm from %v, want from %v", got, want)
	}
}

// The counter that looks at no fence has lost what its last value knows nothing of.
func TestCounters(t *testing.T) {
	want := []Counter{{Key: "k", Fenced: true, Writes: 8, Last: 8, Refused: 1}, {Key: "k", Writes: 9, Last: 7, Lost: 2}, {Key: "mine", Writes: 1, Last: 1}}
	h := played()
	h.Operations = append([]history.Operation{{Kind: history.Write, Outcome: history.OK, Key: "mine", Value: 1, Order: 1}}, h.Operations...)
	slices.Reverse(h.Operations) // only the storage's order counts
	if got := Counters(h); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
