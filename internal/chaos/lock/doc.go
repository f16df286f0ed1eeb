// Package lock is what a worker of a chaos run locks with: the library, or one of several lockers that are wrong on
// purpose, behind one face. The wrong ones are there to show that the checks of a run can fail.
//
// All the wrong ones are the same small Redlock with one rule of it left out. What it is with all its rules goes by the
// name "simple": what catches a wrong one and lets "simple" pass has found the rule, and not the rest of the locker.
// It shares no code with the library, and is slower: a goroutine and a command for each node and step.
//
// Beside the locks, the nodes of a run with these lockers hold keys that begin with [Prefix], which are no locks.
package lock
