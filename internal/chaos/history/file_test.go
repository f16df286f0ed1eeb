package history

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What was written is read again, field by field.
func TestOperationsSurviveTheFile(t *testing.T) {
	want := []Operation{
		{Client: 3, Process: 1, Kind: Hold, Key: "k", Alone: true, Called: 5, Returned: 9 * time.Second, Outcome: OK,
			Lease: "owner", Fence: 1<<53 - 1, Until: 10 * time.Second, Stalled: time.Millisecond},
		{Kind: Lock, Key: "k", Outcome: Fail, Error: "no quorum \"x\"\n", Reason: NoQuorum},
		{Kind: Write, Outcome: Unknown, Value: 7, Order: 8},
	}
	var file bytes.Buffer
	w := NewWriter(&file)
	for i := range want {
		if err := w.Write(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(file.String(), "\n"); lines != len(want) {
		t.Errorf("got %d lines, want one for each of %d operations", lines, len(want))
	}
	got, err := Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A file that was cut gives what it has, and says where it ends.
func TestCutFileIsAnError(t *testing.T) {
	got, err := Decode(strings.NewReader("{\"op\":\"lock\"}\n{\"op\":"))
	if err == nil || len(got) != 1 {
		t.Errorf("got %d operations and %v, want 1 and an error", len(got), err)
	}
}

// A belief ends with the trust in the lease, or with its being given back, whichever comes first, and never begins later
// than it ends.
func TestBelief(t *testing.T) {
	for _, c := range []struct{ called, returned, until, from, to time.Duration }{
		{10, 20, 30, 10, 20},
		{10, 40, 30, 10, 30},
		{10, 40, 0, 10, 10},
	} {
		op := Operation{Called: c.called, Returned: c.returned, Until: c.until}
		if from, to := op.Belief(); from != c.from || to != c.to {
			t.Errorf("of [%d, %d] trusted until %d got [%d, %d], want [%d, %d]", c.called, c.returned, c.until, from, to, c.from, c.to)
		}
	}
}

// A span has its beginning and not its end.
func TestSpan(t *testing.T) {
	s := Span{From: 2, Until: 4}
	if !s.Holds(2) || !s.Holds(3) || s.Holds(4) || s.Holds(1) {
		t.Error("a span holds its beginning, and not its end")
	}
	if !s.Overlaps(Span{3, 9}) || s.Overlaps(Span{4, 9}) || s.Overlaps(Span{0, 2}) || s.Length() != 2 {
		t.Error("spans that only touch do not overlap")
	}
}

// The clock goes on, at the pace of the other one.
func TestNowGoesOn(t *testing.T) {
	began, other := Now(), time.Now()
	for time.Since(other) < 20*time.Millisecond {
		time.Sleep(time.Millisecond)
	}
	if took := Now() - began; took < 10*time.Millisecond {
		t.Errorf("got %v after 20ms of the other clock", took)
	}
}
