// Package redlock takes locks on N independent Redis masters, of which a majority decides: the Redlock algorithm
// (https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/), with the holes closed that can be closed
// and the others named.
//
// At most one holder of a key exists at a time, as long as a majority of the nodes keep their memory and clocks run at
// about the same rate. When that cannot be promised any more, the holder is told before anyone else can get the key,
// and a fence lets storage refuse whoever was not listening.
//
//	locker, err := redlock.Dial([]string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"}, redlock.Config{})
//	…
//	err = locker.Do(ctx, "orders/42", func(ctx context.Context, lease *redlock.Lease) error {
//		return ship(ctx, lease.Fence())
//	})
//
// A lock travels this way: grant → vote → window → lease. A round asks all nodes at once; each grant is a vote; the vote
// that makes the majority opens the window, the time in which the lease may be trusted: the TTL, counted from before
// the first byte was sent, less the drift. A lease is extended in the background, and given back by Unlock.
//
// Who waits in [Locker.Lock] asks nothing meanwhile. In a process the calls for one key are served in the order in which they
// came; the first of them stands for all of them in a line on each node, which wakes one process when the key is given back:
// the one that has waited longest. Unlock may hand the lease to the next in the same process instead, within the bounds of
// [Config.Cohort]; each holder has a lease and a larger fence of its own. [Locker.TryLock] does not queue. In mode [Plain],
// and where an ACL forbids to announce, waiters ask again as [Config.Backoff] says, and there is no order between processes.
package redlock
