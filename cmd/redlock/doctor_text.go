package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/doctor"
)

// doctorText is a report for people: what is not as it should be, with why and what to do, and the names of the rest.
func doctorText(r doctor.Report, verbose bool, p palette) string {
	var b strings.Builder
	shared := everywhere(r.Nodes)
	for _, n := range r.Nodes {
		state := p.good("votes")
		switch {
		case !n.Votes:
			state = p.bad("has no vote")
		case n.VotesIn > 0:
			state = p.bold("votes in " + leftText(n.VotesIn))
		}
		fmt.Fprintf(&b, "%s  %s%s\n", p.bold(n.Addr), state, vitals(n))
		own := slices.DeleteFunc(slices.Clone(n.Findings), func(f doctor.Finding) bool { return slices.Contains(shared, f) })
		b.WriteString(findingsText(own, verbose, p))
	}
	if len(shared) > 0 {
		fmt.Fprintf(&b, "%s\n%s", p.bold("every node"), findingsText(shared, verbose, p))
	}
	fmt.Fprintf(&b, "%s\n%s\n", p.bold("all together"), findingsText(r.Findings, verbose, p))
	var counts []string
	for _, level := range slices.Backward(doctor.Levels) {
		if count := r.Count(level); count > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", count, level))
		}
	}
	verdict := map[doctor.Level]string{doctor.Problem: "problems", doctor.Unknown: "unknown", doctor.Warning: "fine, with warnings"}[r.Verdict]
	if verdict == "" {
		verdict = "fine"
	}
	fmt.Fprintf(&b, "%s  %s\n", levelPaint(r.Verdict, p)(verdict), strings.Join(counts, ", "))
	return b.String()
}

// everywhere returns what was found on every node alike, and is not as it should be, to be said once.
func everywhere(nodes []doctor.Node) []doctor.Finding {
	if len(nodes) < 2 {
		return nil
	}
	var shared []doctor.Finding
	for _, f := range nodes[0].Findings {
		all := f.Level != doctor.OK
		for _, n := range nodes[1:] {
			all = all && slices.Contains(n.Findings, f)
		}
		if all {
			shared = append(shared, f)
		}
	}
	return shared
}

// vitals are a node's figures.
func vitals(n doctor.Node) string {
	var said []string
	if n.Version != "" {
		said = append(said, n.Version)
	}
	if n.Role != "" {
		said = append(said, n.Role)
	}
	if n.RTT > 0 {
		said = append(said, fmt.Sprintf("%.2fms away", n.RTT))
	}
	if n.Uptime > 0 {
		said = append(said, "up for "+(time.Duration(n.Uptime)*time.Second).String())
	}
	if len(said) == 0 {
		return ""
	}
	return "  (" + strings.Join(said, ", ") + ")"
}

func levelPaint(l doctor.Level, p palette) func(string) string {
	switch l {
	case doctor.Problem, doctor.Unknown:
		return p.bad
	case doctor.Warning:
		return p.bold
	case doctor.Note:
		return p.faint
	}
	return p.good
}

func findingsText(findings []doctor.Finding, verbose bool, p palette) string {
	var b strings.Builder
	var fine []string
	for _, f := range findings {
		if f.Level == doctor.OK && !verbose {
			fine = append(fine, f.Check)
			continue
		}
		fmt.Fprintf(&b, "    %s  %-11s  %s\n", levelPaint(f.Level, p)(fmt.Sprintf("%-7s", f.Level)), f.Check, oneLine(f.Text))
		if f.Level != doctor.OK {
			fmt.Fprintf(&b, "             why          %s\n             do           %s\n", oneLine(f.Why), oneLine(f.Do))
		}
	}
	if len(fine) > 0 {
		fmt.Fprintf(&b, "    %s  %s\n", p.good("ok     "), strings.Join(slices.Compact(fine), ", "))
	}
	return b.String()
}
