package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// rival is somebody else who wants the key.
type rival struct {
	locker *redlock.Locker
	lease  chan *redlock.Lease
	won    atomic.Int64 // when the vote came that decided
}

// rival waits for a key.
func (s *stage) rival(key string) *rival {
	s.t.Helper()
	r := &rival{lease: make(chan *redlock.Lease, 1)}
	var err error
	r.locker, err = redlock.Dial(s.nodes.Addrs(), redlock.Config{Observer: &redlock.Observer{Answered: func(_ context.Context, a redlock.Answer) {
		if a.Op == "lock" && a.Yes && a.Votes == a.Need {
			r.won.Store(time.Now().UnixNano())
		}
	}}})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	go func() {
		lease, err := r.locker.Lock(ctx, key)
		if err != nil {
			s.t.Error(err)
		}
		r.lease <- lease
	}()
	s.t.Cleanup(func() {
		cancel()
		_ = r.locker.Close()
	})
	return r
}

// gets waits until it has the key, and returns when the vote came that decided. The nodes had voted a message's way before.
func (r *rival) gets() time.Time {
	<-r.lease
	return time.Unix(0, r.won.Load())
}

// deadBefore checks that beats had ended when the rival got the key.
func (s *stage) deadBefore(r *rival, names ...string) {
	s.t.Helper()
	won := r.gets()
	for _, name := range names {
		p := s.pulse(name)
		if !p.last.Before(won) {
			s.t.Errorf("%s was alive %v after somebody else had got the key", name, p.last.Sub(won))
		}
		if !dead(p.pid) {
			s.t.Errorf("%s is alive while somebody else has the key", name)
		}
		s.t.Logf("%s: dead %v before somebody else got the key", name, won.Sub(p.last))
	}
}
