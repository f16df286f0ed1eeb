package fault

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// fake is a node and a client's process in one. It writes down what is called, and fails where it is told to.
type fake struct {
	calls  []string
	broken string // the call that fails
	forget bool   // it does not obey the memory that it is asked for
}

var errBroken = errors.New("broken")

func (f *fake) call(name string) error {
	f.calls = append(f.calls, name)
	if name == f.broken {
		return errBroken
	}
	return nil
}

func (f *fake) Kill(context.Context) error { return f.call("kill") }
func (f *fake) Start(_ context.Context, memory cluster.Memory) error {
	if memory == cluster.Forget {
		return f.call("start empty")
	}
	return f.call("start")
}

func (f *fake) Obeys(memory cluster.Memory) error {
	if f.forget && memory == cluster.Forget {
		return errors.New("it remembers what it likes")
	}
	return nil
}
func (f *fake) Pause(context.Context) error  { return f.call("pause") }
func (f *fake) Resume(context.Context) error { return f.call("resume") }
func (f *fake) CutOff(context.Context) error { return f.call("cut off") }
func (f *fake) Heal(context.Context) error   { return f.call("heal") }
func (f *fake) Flush(context.Context) error  { return f.call("flush") }
func (f *fake) Freeze() error                { return f.call("freeze") }
func (f *fake) Thaw() error                  { return f.call("thaw") }
func (f *fake) Link() *cluster.Link          { return nil }
func (f *fake) Clock() *cluster.Clock        { return nil }

// called are the faults that call a method of the target, and one to take it back; "" where there is nothing to take back.
var called = []struct {
	fault       Fault
	comes, goes string
	effects     []history.Effect
}{
	{Kill{Memory: cluster.Keep}, "kill", "start", []history.Effect{history.Away, history.Amnesia}},
	{Kill{Memory: cluster.Forget}, "kill", "start empty", []history.Effect{history.Away, history.Amnesia}},
	{Pause{}, "pause", "resume", []history.Effect{history.Away}},
	{Cut{}, "cut off", "heal", []history.Effect{history.Away}},
	{Flush{}, "flush", "", []history.Effect{history.Amnesia}},
	{Freeze{}, "freeze", "thaw", []history.Effect{history.Frozen}},
}

// A fault calls what brings it, and its cure what takes it away; neither calls anything else.
func TestStrikeAndCure(t *testing.T) {
	for _, c := range called {
		on := &fake{}
		if err := c.fault.Bears(on); err != nil {
			t.Errorf("%s: %v", c.fault, err)
		}
		cure, err := c.fault.Strike(t.Context(), on)
		if err != nil || !slices.Equal(on.calls, []string{c.comes}) {
			t.Errorf("%s: got %v, %q; want %q", c.fault, err, on.calls, c.comes)
		}
		if !slices.Equal(c.fault.Effects(), c.effects) {
			t.Errorf("%s: got effects %v, want %v", c.fault, c.fault.Effects(), c.effects)
		}
		if (cure == nil) != (c.goes == "") {
			t.Errorf("%s: got a cure %v, want one %v", c.fault, cure != nil, c.goes != "")
		}
		if cure == nil {
			continue
		}
		if err := cure(t.Context()); err != nil || !slices.Equal(on.calls, []string{c.comes, c.goes}) {
			t.Errorf("%s: the cure got %v, %q; want %q", c.fault, err, on.calls, c.goes)
		}
	}
}

// A fault that could not be brought may be there in part: it says why, and has a cure all the same. A cure that fails says so.
func TestAStrikeThatFailsHasACure(t *testing.T) {
	for _, c := range called {
		on := &fake{broken: c.comes}
		cure, err := c.fault.Strike(t.Context(), on)
		if !errors.Is(err, errBroken) || (cure == nil) != (c.goes == "") {
			t.Errorf("%s: got %v, a cure %v; want the error and a cure %v", c.fault, err, cure != nil, c.goes != "")
		}
		if cure == nil {
			continue
		}
		on.broken = c.goes
		if err := cure(t.Context()); !errors.Is(err, errBroken) || on.calls[len(on.calls)-1] != c.goes {
			t.Errorf("%s: the cure got %v, %q", c.fault, err, on.calls)
		}
	}
}

// What a target lacks it is not hit by: Bears and Strike refuse with the same reason, there is no cure, and nothing is called.
func TestTargetsThatCannotBearAFault(t *testing.T) {
	on := &fake{forget: true}
	for _, c := range []struct {
		fault Fault
		on    Target
		says  string
	}{
		{Kill{}, struct{}{}, "how to kill and start"},
		{Kill{Memory: cluster.Forget}, on, "it remembers what it likes"},
		{Pause{}, struct{}{}, "how to pause"},
		{Cut{}, struct{}{}, "how to cut"},
		{Flush{}, struct{}{}, "yours may hold more"},
		{Freeze{}, struct{}{}, "only the processes of clients"},
		{Slow{Delay: time.Second}, struct{}{}, "no proxy of ours"}, {Slow{Delay: time.Second}, on, "no proxy of ours"},
		{LostReplies{}, struct{}{}, "no proxy of ours"}, {LostReplies{}, on, "no proxy of ours"},
		{BlackHole{}, struct{}{}, "no proxy of ours"}, {BlackHole{}, on, "no proxy of ours"},
		{Step{By: time.Second}, struct{}{}, "clock is the machine's"}, {Step{By: time.Second}, on, "clock is the machine's"},
		{Rate{Times: 2}, nil, "clock is the machine's"}, {Rate{Times: 2}, on, "clock is the machine's"},
	} {
		err := c.fault.Bears(c.on)
		if !errors.Is(err, ErrCannot) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s on %T: got %v, want it to say %q", c.fault, c.on, err, c.says)
			continue
		}
		if cure, struck := c.fault.Strike(t.Context(), c.on); cure != nil || struck == nil || struck.Error() != err.Error() {
			t.Errorf("%s on %T: got a cure %v, and %v; want none, and %v", c.fault, c.on, cure != nil, struck, err)
		}
	}
	if len(on.calls) > 0 {
		t.Errorf("called %q", on.calls)
	}
	if err := (Kill{Memory: cluster.Keep}).Bears(on); err != nil {
		t.Errorf("got %v of a memory that it obeys", err)
	}
}

// A fault's words begin with the name that scenarios have for it, and tell what else is said of it.
func TestWords(t *testing.T) {
	for want, f := range map[string]Fault{
		"kill": Kill{Memory: cluster.Keep}, "kill, forgets": Kill{Memory: cluster.Forget}, "pause": Pause{}, "cut": Cut{}, "flush": Flush{},
		"freeze": Freeze{}, "slow 20ms": Slow{Delay: 20 * time.Millisecond}, "lost-replies": LostReplies{}, "black-hole": BlackHole{},
		"step -2s": Step{By: -2 * time.Second}, "rate 1.008": Rate{Times: 1.008},
	} {
		if got := f.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
