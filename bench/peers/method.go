package main

import (
	"fmt"
	"strings"
	"time"
)

// This file is the part of the report that says how the figures came about.

func (r *page) ratios() {
	r.line("## How ratios are made")
	r.line("")
	r.line("A machine is never the same for long, so nothing is compared with a figure of another run. In each round every")
	r.line("subject has one turn, the order rotates from round to round, and the two turns of one round make a pair. A ratio is")
	r.line("the **median of the pairs' ratios**, with the smallest and the largest pair in brackets; it is not the ratio of the")
	r.line("two medians. Each turn opens its client, runs the same load for %v unmeasured so that connections are open", r.run.Settings.Warm)
	r.line("and scripts loaded, collects garbage, measures for %v, closes the client and empties the nodes. Turns on hung or", r.run.Settings.Turn)
	r.line("killed nodes take %v, and so do those on the same nodes just before; every subject is opened before the fault", r.run.Settings.Fault)
	r.line("comes. Turns on one key take %v. Workers run a closed loop. A cycle that is under way at the end is waited for,", r.run.Settings.OneKey)
	r.line("and counts with its latency; throughput is all")
	r.line("cycles by the time until the last one ended (on one key: those within the turn, by the turn). One that")
	r.line("is not through %v after that is cancelled, and has failed. No key is used in two turns, and a worker comes back to", grace)
	r.line("a key after thousands of others, so that nobody meets what was left there. Clients and nodes share the machine's cores.")
	r.line("")
	r.line("Where clients are in processes of their own, these are started for each turn; each locks keys of its own once for each")
	r.line("of its workers before it counts as ready, and all begin when all are ready. Times of two processes are compared on")
	r.line("`CLOCK_MONOTONIC`, which is the same for all of them, to within a microsecond or two.")
	r.line("")
}

func (r *page) subjects() {
	r.line("## Subjects and their settings")
	r.line("")
	for _, k := range kinds {
		if r.took(k.Name) {
			r.line("- **%s**: %s", k.Name, k.Notes)
		}
	}
	for _, text := range r.run.LeftOut {
		r.line("- Left out: %s", text)
	}
	r.line("")
	r.line("**What the raw clients do and do not do.** They are no locks but the limit: the bytes of one, on one thread. They write")
	r.line("to all nodes, poll, and count answers until a majority has said yes, for the grant and for the release; later answers")
	r.line("are read and ignored. They have no timeouts, no window and no drift, no undo of a lost round, no renewal, no waiting")
	r.line("for a key that is held, no random owner, no second caller, and they end when a node does. The pipelined form puts 64")
	r.line("locks into each write, which no user's calls come as: it is what batching could reach.")
	r.line("")
}

func (r *page) machine() {
	m := r.run.Machine
	r.line("## Command and machine")
	r.line("")
	r.line("```sh")
	r.line("make bench-peers%s", arguments(r.run.Settings))
	r.line("```")
	r.line("")
	r.line("%s, %s, %s, %s, Redis %s; nodes: %s without persistence, on loopback. %s, %s.", m.CPU, plural(m.Cores, "core"), m.System, m.Go, m.Redis,
		r.run.Settings.Kind, r.run.Began.UTC().Format("2006-01-02"), r.run.Took.Round(time.Second))
}

// arguments returns what the command was given beside its defaults, as the make target takes it.
func arguments(s Settings) string {
	var args []string
	if s.Warm == quick.Warm {
		args = append(args, "-quick")
	}
	if kind := fmt.Sprintf("%s:%d", s.Kind, s.Nodes); kind != fmt.Sprintf("%s:%d", full.Kind, full.Nodes) {
		args = append(args, "-nodes "+kind)
	}
	if s.Rounds != full.Rounds && s.Warm != quick.Warm {
		args = append(args, fmt.Sprintf("-rounds %d", s.Rounds))
	}
	if s.Turn != full.Turn && s.Warm != quick.Warm {
		args = append(args, fmt.Sprintf("-turn %v", s.Turn))
	}
	if len(args) == 0 {
		return ""
	}
	return fmt.Sprintf(" ARGS='%s'", strings.Join(args, " "))
}
