package check

import (
	"math"

	"github.com/anishathalye/porcupine"
)

// unit is what is not cut apart: a lease, or an access to a counter.
type unit struct {
	ops   []porcupine.Operation
	solid bool // it tells what comes after it how things stand
	tied  bool // it may have happened before the unit before it
}

// part is a piece of what happened to one key which can be looked at for itself. Porcupine remembers everything that was
// done before each step, so that its memory grows with the square of what it is given.
type part struct {
	key   string
	model porcupine.Model
	units []unit
}

// enough is how many units a part has at least, if there are as many.
const enough = 64

// cut cuts units into parts. Their order is that in which they happened, if there is any order that explains them: every
// kind of units says why it is.
//
// Between two units is a cut if no call before it is later than a return behind it. Then an order of each part is an order
// of all: before the cut, let everything happen as soon as it can, which is not later than the last call there; behind it,
// as late as it can, which is not before the first return there. The other way round, an order of all is an order of each
// part. A part begins with the unit that the one before ends with, which tells it how things stand: rest is the model that
// does not know it before, and first the one that does.
func cut(key string, first, rest porcupine.Model, units []unit) []part {
	returns := make([]int64, len(units)+1) // the first of this unit and all behind it
	returns[len(units)] = math.MaxInt64
	for i := len(units) - 1; i >= 0; i-- {
		returns[i] = returns[i+1]
		for _, op := range units[i].ops {
			returns[i] = min(returns[i], op.Return)
		}
	}
	var parts []part
	called := int64(math.MinInt64)
	begin := 0
	for i, u := range units {
		for _, op := range u.ops {
			called = max(called, op.Call)
		}
		last := i == len(units)-1
		if !last && (i-begin < enough || !u.solid || units[i+1].tied || called > returns[i+1]) {
			continue
		}
		parts = append(parts, part{key, first, units[begin : i+1]})
		first, begin = rest, i
	}
	return parts
}

func (p part) ops() []porcupine.Operation {
	var ops []porcupine.Operation
	for _, u := range p.units {
		ops = append(ops, u.ops...)
	}
	return ops
}
