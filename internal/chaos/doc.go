// Package chaos plays a chaos run: processes of clients lock on nodes to which faults happen by a plan, and the checks
// decide from the history whether the lock kept its promises.
//
//	plan ──> striker ──> nodes  <── locks ── crew (worker processes) ──> history ──> check ──> report, page
//	            └──── freezes ────────────────^                             ^
//	                                          └── reads and writes ──> storage (its order)
package chaos
