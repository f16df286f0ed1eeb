package sweep

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// What begins with the prefix is a lock, what has it within is a counter; both are removed, and nothing else is.
func TestSweepRemovesTheRunsKeysAlone(t *testing.T) {
	node := miniredis.RunT(t)
	want := []string{}
	for i := range 2500 { // more than a page
		key := "run/" + strconv.Itoa(i)
		want = append(want, key)
		_ = node.Set(key, "owner")
		_ = node.Set("redlock:fence:{"+key+"}", "1")
	}
	_ = node.Set("other", "owner")
	slices.Sort(want)
	found, err := Node(t.Context(), Place{Addr: "redis://" + node.Addr()}, "run/")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(found.Locks, want) || found.Counters != 2500 {
		t.Errorf("got %d locks and %d counters, want 2500 of each", len(found.Locks), found.Counters)
	}
	if keys := node.Keys(); !slices.Equal(keys, []string{"other"}) {
		t.Errorf("%d keys are left, want the other one alone", len(keys))
	}
}

// No password is in an error, neither of an address that cannot be read nor of a node that does not answer.
func TestErrorsKeepPasswords(t *testing.T) {
	for _, addr := range []string{"redis://user:secret@[::1", "redis://user:secret@127.0.0.1:1", "redis://:secret@127.0.0.1:1/x"} {
		if _, err := Node(t.Context(), Place{Addr: addr}, "run/"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v", err)
		}
	}
}

// What a node keeps for a moment for whoever it has woken is no lock that was left, unless it stays.
func TestTurnIsNoLock(t *testing.T) {
	node := miniredis.RunT(t)
	for key, value := range map[string]string{"run/over": turn + "a", "run/stays": turn + "b", "run/lock": "owner"} {
		if err := node.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	node.SetTTL("run/over", turnOver-1)
	over := time.AfterFunc(turnOver/5, func() { node.FastForward(turnOver) })
	defer over.Stop()
	found, err := Node(t.Context(), Place{Addr: node.Addr()}, "run/")
	if want := []string{"run/lock", "run/stays"}; err != nil || !slices.Equal(found.Locks, want) {
		t.Errorf("got %v and %v, want %v", found.Locks, err, want)
	}
}
