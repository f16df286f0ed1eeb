//go:build race

package integration

// raceEnabled: the race detector runs, under which everything takes ten times as long.
const raceEnabled = true
