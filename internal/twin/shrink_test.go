package twin

import "slices"

// shrink leaves out what the difference does not need: what comes after it, then commands, then parts of commands. fails
// tells whether a sequence still ends in a difference.
func shrink(q sequence, at int, fails func(sequence) bool) sequence {
	try := func(commands []command) bool {
		shorter := sequence{q.start, commands}
		if !fails(shorter) {
			return false
		}
		q = shorter
		return true
	}
	if at < len(q.commands) {
		try(q.commands[:at+1])
	}
	for size := max(1, len(q.commands)/2); size > 0; size /= 2 {
		for begin := len(q.commands) - size; begin >= 0; begin -= size {
			try(slices.Delete(slices.Clone(q.commands), begin, begin+size))
		}
	}
	for i := range q.commands {
		for j := len(q.commands[i].parts) - 1; j >= 0 && len(q.commands[i].parts) > 1; j-- {
			commands := slices.Clone(q.commands)
			commands[i].parts = slices.Delete(slices.Clone(commands[i].parts), j, j+1)
			try(commands)
		}
	}
	return q
}
