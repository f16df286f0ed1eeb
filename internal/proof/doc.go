// Package proof drives the whole library, goroutines and all, over nodes in memory, in bubbles of testing/synctest: at
// random, with faults, against the promises of its documentation; and one call at a time against an obvious model. It
// is all tests. internal/sim proves the protocol; this proves the driver that carries it out.
package proof
