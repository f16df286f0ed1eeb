package storage

import (
	"os"
	"testing"
)

// One counter takes everything; the other refuses smaller fences than it has seen, in reads too, and stays as it was.
func TestFencedCounterRefusesSmallerFences(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		access Access
		want   Answer
	}{
		{Access{Key: "k", Write: true, Value: 3}, Answer{Value: 3}},
		{Access{Key: "k", Write: true, Value: 1}, Answer{Value: 1}},
		{Access{Key: "k", Fence: 5, Write: true, Value: 7}, Answer{Value: 7}},
		{Access{Key: "k", Fence: 5}, Answer{Value: 7}},
		{Access{Key: "k", Fence: 9}, Answer{Value: 7}},
		{Access{Key: "k", Fence: 5, Write: true, Value: 8}, Answer{Value: 7, Stale: true}},
		{Access{Key: "k", Fence: 8}, Answer{Value: 7, Stale: true}},
		{Access{Key: "other", Fence: 1}, Answer{}},
		{Access{Key: "k"}, Answer{Value: 1}},
	} {
		step.want.Order = uint64(i + 1)
		if got, err := c.Access(step.access); err != nil || got != step.want {
			t.Errorf("%d: %+v: got %+v, %v, want %+v", i, step.access, got, err, step.want)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Access(Access{Key: "k"}); err == nil {
		t.Error("a closed storage answers")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v in the directory, want nothing", left, err)
	}
	c.Close()
}
