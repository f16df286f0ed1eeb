package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A child that cannot work says why, and its parent says it again.
func TestAChildSaysWhyItCannot(t *testing.T) {
	_, err := gather(t.Context(), 2, Opening{Subject: "nobody"})
	if err == nil || !strings.Contains(err.Error(), `no subject "nobody"`) {
		t.Errorf("got %v", err)
	}
}

// A child knows what it was told to do, or ends.
func TestAChildRefusesWhatItDoesNotKnow(t *testing.T) {
	n := three(t)
	for _, c := range []struct{ do, subject, want string }{
		{"nothing", oursPlain, "nobody knows how"},
		{doKeep, redsyncDefault, "no window"},
	} {
		all, err := gather(t.Context(), 1, Opening{Subject: c.subject, Addrs: n.cluster.Addrs(), Workers: 1, Key: "bench/test"})
		if err != nil {
			t.Fatal(err)
		}
		if err := all[0].tell(Order{Do: c.do, Key: "bench/test"}); err != nil {
			t.Fatal(err)
		}
		if _, err := all[0].hear(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s…", c.do, err, c.want)
		}
		if err := all.end(); err != nil {
			t.Errorf("%s: it has ended already: %v", c.do, err)
		}
	}
}

// A child that holds a key until it is killed says until when it holds it, also while nobody listens; and it ends with
// its parent's context.
func TestWhatAKilledChildSaidIsHeard(t *testing.T) {
	n := three(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	all, err := gather(ctx, 2, Opening{Subject: oursFenced, Addrs: n.cluster.Addrs(), Workers: 1, Key: "bench/test", TTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer all.dismiss()
	if err := all[0].tell(Order{Do: doKeep, Key: "bench/test"}); err != nil {
		t.Fatal(err)
	}
	first, err := all[0].hear()
	if err != nil || !first.Holding || first.Closes == 0 {
		t.Fatalf("got %+v, %v", first, err)
	}
	pause(ctx, 5*reportEvery)
	at, said, err := all[0].shoot(newClock())
	if err != nil || len(said) == 0 {
		t.Fatalf("it said %v, %v", said, err)
	}
	for _, r := range said {
		if r.Holding || r.Closes < at-time.Second || r.Closes > at+time.Second {
			t.Errorf("it said %+v, and was killed at %v", r, at)
		}
	}
	if err := all[0].end(); err != nil {
		t.Errorf("to end it again: %v", err)
	}

	cancel()
	if r, err := all[1].hear(); err == nil {
		t.Errorf("it said %+v after the end", r)
	}
}

// The shared clock of one process is that of another one.
func TestClocksAgree(t *testing.T) {
	a, b := newClock(), newClock()
	first := a.now()
	between := b.now()
	last := a.now()
	// A system call lies between what a clock was set by.
	if slack := time.Millisecond; between < first-slack || between > last+slack {
		t.Errorf("%v is not between %v and %v", between, first, last)
	}
}
