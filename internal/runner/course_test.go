package runner

import (
	"math/rand/v2"
	"testing"
	"time"
)

const ms = time.Millisecond

var plan = Plan{Grace: 250 * ms, Margin: 100 * ms}

// What is done about a command when nobody extends its lease any more, at the boundaries.
func TestCourseOfALeaseThatCannotBeKept(t *testing.T) {
	type step struct {
		now, left time.Duration
		move      Move
		next      time.Duration
	}
	for _, c := range []struct {
		name   string
		onLost OnLost
		steps  []step
	}{
		{"asked to end, then killed while the lease is still held", Kill, []step{
			{0, 900 * ms, Stay, 550 * ms},
			{549 * ms, 351 * ms, Stay, 550 * ms},
			{550 * ms, 350 * ms, Ask, 800 * ms},
			{799 * ms, 101 * ms, Stay, 800 * ms},
			{800 * ms, 100 * ms, Finish, never},
			{900 * ms, 0, Stay, never},
		}},
		{"extended in between: nothing happens", Kill, []step{
			{500 * ms, 400 * ms, Stay, 550 * ms},
			{540 * ms, 900 * ms, Stay, 1090 * ms},
		}},
		{"noticed late: what is left of the time to end by itself", Kill, []step{
			{0, 150 * ms, Ask, 50 * ms},
			{50 * ms, 100 * ms, Finish, never},
		}},
		{"noticed too late to ask: killed at once", Kill, []step{{0, 100 * ms, Finish, never}, {1, 99 * ms, Stay, never}}},
		{"lost at once, because a majority disowns it", Kill, []step{{0, 900 * ms, Stay, 550 * ms}, {10 * ms, 0, Finish, never}}},
		{"lost between the signal and SIGKILL: time has jumped", Kill, []step{
			{0, 350 * ms, Ask, 250 * ms},
			{10 * ms, 0, Finish, never},
		}},
		{"extended after the signal: the command is not spared, and has its time to end", Kill, []step{
			{0, 350 * ms, Ask, 250 * ms},
			{10 * ms, 900 * ms, Stay, 250 * ms},
			{250 * ms, 660 * ms, Finish, never},
		}},
		{"signalled once, and nothing else", Signal, []step{
			{0, 351 * ms, Stay, 1 * ms},
			{1 * ms, 350 * ms, Ask, never},
			{2 * ms, 0, Stay, never},
		}},
		{"told when it is lost, once", Warn, []step{
			{0, 10 * ms, Stay, 10 * ms},
			{9 * ms, 1 * ms, Stay, 10 * ms},
			{10 * ms, 0, Alert, never},
			{11 * ms, 0, Stay, never},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			course := NewCourse(plan, c.onLost)
			for _, s := range c.steps {
				move, next := course.Step(s.now, s.left)
				if move != s.move || next != s.next {
					t.Errorf("at %v with %v left: got %v until %v, want %v until %v", s.now, s.left, move, next, s.move, s.next)
				}
			}
		})
	}
}

// Only a command that was signalled has a lease that could not be kept.
func TestCourseHasBegunWithTheFirstSignal(t *testing.T) {
	for _, onLost := range []OnLost{Kill, Signal} {
		course := NewCourse(plan, onLost)
		if course.Step(0, 351*ms); course.Begun() {
			t.Errorf("%v: has begun before it is time", onLost)
		}
		if course.Step(1, 350*ms); !course.Begun() {
			t.Errorf("%v: has not begun", onLost)
		}
	}
	course := NewCourse(plan, Warn)
	if course.Step(0, 0); course.Begun() {
		t.Error("a warning is no signal")
	}
}

// However a lease is extended, or not, whoever is asked when it wants to be kills the command while at least the margin is
// left, after it has had its time to end, unless the lease was gone all at once.
func TestCourseEndsBeforeItsLease(t *testing.T) {
	var killed, asked, spared int
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 1))
		course := NewCourse(plan, Kill)
		var now, askedAt time.Duration
		end := 900 * ms // of the lease
		finished := false
		for range 50 {
			move, next := course.Step(now, end-now)
			switch move {
			case Ask:
				asked++
				askedAt = now
				if end-now < plan.Margin {
					t.Fatalf("seed %d: asked with %v left", seed, end-now)
				}
			case Finish:
				killed++
				finished = true
				if end-now < plan.Margin || now-askedAt != plan.Grace {
					t.Fatalf("seed %d: killed %v after it was asked, with %v left", seed, now-askedAt, end-now)
				}
			}
			if next == never {
				break
			}
			now = next
			if !course.Begun() && random.IntN(4) > 0 { // extended before it was time
				now -= time.Duration(random.Int64N(int64(200 * ms)))
				now = max(now, 0)
				end = now + 900*ms
			}
		}
		if !finished {
			spared++
		}
	}
	if killed < 1000 || asked < 1000 {
		t.Errorf("got %d asked, %d killed, %d extended to the end: want more", asked, killed, spared)
	}
}

// The plan for a TTL leaves time to extend the lease twice, and to kill a process.
func TestPlanForATTL(t *testing.T) {
	for _, c := range []struct{ ttl, grace, wantGrace, wantMargin time.Duration }{
		{10 * time.Second, 0, 2500 * ms, 500 * ms},
		{10 * time.Second, 3 * time.Second, 3 * time.Second, 500 * ms},
		{time.Second, 0, 250 * ms, 100 * ms},
		{time.Second, ms, ms, 100 * ms},
		{200 * ms, 0, 50 * ms, 20 * ms},
		{300 * ms, 100 * ms, 100 * ms, 30 * ms},
	} {
		p, err := NewPlan(c.ttl, c.grace)
		if err != nil || p.Grace != c.wantGrace || p.Margin != c.wantMargin || p.Reserve() != p.Grace+p.Margin || p.Backstop() != p.Margin/2 {
			t.Errorf("%v, %v: got %+v, %v", c.ttl, c.grace, p, err)
		}
	}
	for _, c := range []struct{ ttl, grace time.Duration }{{199 * ms, 0}, {time.Second, 334 * ms}, {time.Second, -1}, {0, 0}} {
		if p, err := NewPlan(c.ttl, c.grace); err == nil {
			t.Errorf("%v, %v: got %+v, want an error", c.ttl, c.grace, p)
		}
	}
}

func (m Move) String() string { return [...]string{"stay", "alert", "ask", "finish"}[m] }
