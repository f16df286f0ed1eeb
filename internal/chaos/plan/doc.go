// Package plan says what goes wrong in a chaos run, and when: a [Scenario], as a file or a preset has it, becomes a
// [Plan], which names the nodes and the times, by a seed.
package plan
