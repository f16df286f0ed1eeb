// Package redlocktest is for the tests of programs that lock with package redlock: a cluster of Redis masters in memory,
// whose nodes are killed, hang, forget or lose their replies on demand.
//
//	cluster := redlocktest.New(t, 5)
//	locker := cluster.Locker(redlock.Config{}) // each one stands for a process of its own
//	cluster.Kill(0, 1)
//
// It needs no Redis, no Docker and no network. A new cluster's nodes vote at once. The end of the test closes everything,
// and waits until it is gone.
//
// # Time
//
// In a bubble of testing/synctest time is fake: a lease of ten seconds is lost in no time, and always at the same
// moment. Begin a bubble with [Bubble] and call [New] inside it. Without a bubble everything works as well, in real time:
// give short TTLs then.
//
// Bubble is synctest.Test, except under the race detector, where it leaves the process one core as long as a bubble runs:
// in Go 1.26 goroutines of one bubble whose timers fire together on two cores crash the race detector ("SIGSEGV" in
// __sanitizer::StackDepotBase::Put, or "ThreadSanitizer: CHECK failed"). Whoever calls synctest.Test itself runs
// such tests with GOMAXPROCS=1 go test -race.
//
// # What a node is not
//
// A node is a miniredis, which is no Redis: it answers the commands and scripts of package redlock, for which it is tested
// against real servers, and many others, but its errors, its speed and its memory are its own. It writes nothing to a
// disk, has no replicas, no ACL, no TLS, and evicts nothing. Connections are pipes within the process: they cost nothing, and
// what is sent arrives at once, or after [Cluster.Slow]'s delay. Try on real Redis what depends on any of that.
//
// A process that is stopped (SIGSTOP, a long GC pause) cannot be imitated, because all lockers share the process of the
// test. What it does to others can: see [Cluster.CutOff] for a holder whom nobody hears any more, and
// [redlock.Config.NoRenew] for one that does nothing about its lease while time goes by.
package redlocktest
