package bench

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// met is what recorders and nodes would say of cycles that ended at random, and whose numbers are told.
func met(rec *recorder, a *answers, seed uint64, cycles int) {
	lots := rand.New(rand.NewPCG(seed, 0))
	for range cycles {
		due := rec.start.Add(time.Duration(lots.Int64N(int64(time.Second))))
		locked := due.Add(time.Duration(lots.ExpFloat64() * float64(5*time.Millisecond)))
		done := locked.Add(time.Duration(lots.ExpFloat64() * float64(time.Millisecond)))
		var unlocked error
		if lots.IntN(10) == 0 {
			unlocked = errors.New("x")
		}
		rec.whole(cycle{worker: 0, due: due, locked: locked, unlocking: locked, done: done}, unlocked)
		a.quorum.record(locked.Sub(due))
		a.nodes[1].latency.record(locked.Sub(due))
		a.nodes[1].refusals++
		a.rounds.Add(1)
		a.locks.Add(1)
	}
}

func partOf(rec *recorder, a *answers) *part {
	p := &part{}
	rec.fill(p)
	a.fill(p)
	return p
}

// What several processes have found, sent as JSON and added up, gives the same figures as if one had found all of it:
// no percentile, no largest value and no point of the series is any different.
func TestPartsAddUpWithoutLoss(t *testing.T) {
	start := time.Now()
	whole, wholeAnswers := newRecorder(start, time.Second, 1), newAnswers(3)
	var parts []*part
	for seed := range uint64(4) {
		rec, a := newRecorder(start, time.Second, 1), newAnswers(3)
		cycles := int(seed) * 1000 // the first one has found nothing at all
		met(rec, a, seed, cycles)
		met(whole, wholeAnswers, seed, cycles)
		p := partOf(rec, a)
		p.Spent = spent{Elapsed: time.Second, Objects: 7, Bytes: 70, CPU: 700}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var got part
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, &got)
	}
	all, want := sum(parts), partOf(whole, wholeAnswers)
	if got := []int64{0, parts[1].Completed, parts[2].Completed, parts[3].Completed}; !reflect.DeepEqual(all.Workers, got) {
		t.Errorf("got workers %v, want those of one process after the other, %v", all.Workers, got)
	}
	if all.Spent != (spent{Elapsed: time.Second, Objects: 28, Bytes: 280, CPU: 2800}) {
		t.Errorf("got %+v as spent, want the sum, in the same time", all.Spent)
	}
	all.Workers, want.Workers, all.Spent = nil, nil, spent{}
	gotText, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	wantText, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(gotText) != string(wantText) || all.Cycle.TotalCount() < 5000 {
		t.Errorf("got  %.400s\nwant %.400s", gotText, wantText)
	}
	if got, want := all.Cycle.latency(), want.Cycle.latency(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Kinds of errors stay bounded when many processes have met others.
func TestErrorsAddUp(t *testing.T) {
	a := []Trouble{{Op: "lock", Kind: "held", Count: 2, Example: "first"}, {Op: "lock", Kind: "lost", Count: 9, Example: "x"}}
	b := []Trouble{{Op: "lock", Kind: "held", Count: 8, Example: "second"}, {Op: "unlock", Kind: "held", Count: 1, Example: "third"}}
	want := []Trouble{
		{Op: "lock", Kind: "held", Count: 10, Example: "first"}, {Op: "lock", Kind: "lost", Count: 9, Example: "x"},
		{Op: "unlock", Kind: "held", Count: 1, Example: "third"},
	}
	if got := joined(a, b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A process that did not look how much memory it held for a while counts with what it held before.
func TestMemoryAddsUp(t *testing.T) {
	all, a, b := newSeries(40*time.Millisecond), newSeries(40*time.Millisecond), newSeries(40*time.Millisecond)
	for i, held := range []uint64{100, 0, 300, 0} {
		a.Intervals[i].Memory = held
		b.Intervals[i].Memory = 1
	}
	all.add(a)
	all.add(b)
	for i, want := range []uint64{101, 101, 301, 301} {
		if got := all.Intervals[i].Memory; got != want {
			t.Errorf("interval %d: got %d, want %d", i, got, want)
		}
	}
}
