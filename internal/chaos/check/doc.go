// Package check decides from the history of a chaos run whether the lock kept its promises: never two holders at a time,
// growing fences, a storage that lost nothing, holders that were told in time, and a lock that went on wherever it could.
//
// It asks nobody and reads no file: the same history gives the same verdict.
package check
