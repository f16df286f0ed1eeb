// Package quorum decides by majority: how many of n nodes must say yes, and what the answers that came so far decide.
//
// It is pure and uses the standard library only: it knows nothing of locks or Redis, reads no clock and starts no
// goroutine. Its types are values without inner locks; whoever shares one guards it.
package quorum
