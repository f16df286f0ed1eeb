// Package runner runs one command while a key is held, as redlock run does: it waits for the lease, starts the command, sees
// to it that the command is dead before anybody else can have the key, and gives the key back when nothing of it is left.
//
// What is done when is decided in [Plan] and [Course], which are pure. The rest is about processes, and differs between
// systems: Linux has everything, other Unix systems lack what tells a parent of its orphans and a child of its parent's
// death, and Windows has neither process groups nor signals.
//
// [Run] owns all children of its process: it may run once at a time, in a process that waits for no other children.
package runner
