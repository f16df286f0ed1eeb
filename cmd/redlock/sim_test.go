package main

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// linesOf LEAST MOST FILE : the file has so many lines.
func linesOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: lines LEAST MOST FILE")
	}
	least, err := strconv.Atoi(args[0])
	ts.Check(err)
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := strings.Count(ts.ReadFile(args[2]), "\n"); got < least || got > most {
		ts.Fatalf("got %d lines want %d to %d", got, least, most)
	}
}

// sameRest FILE FILE PATTERN : the files are the same but for lines that match.
func sameRest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: samerest FILE FILE PATTERN")
	}
	pattern, err := regexp.Compile(args[2])
	ts.Check(err)
	rest := func(name string) string {
		var b strings.Builder
		for line := range strings.Lines(ts.ReadFile(name)) {
			if !pattern.MatchString(line) {
				b.WriteString(line)
			}
		}
		return b.String()
	}
	if got, want := rest(args[0]), rest(args[1]); got != want || got == "" {
		ts.Fatalf("got\n%s\nand\n%s", got, want)
	}
}
