package fencing

import (
	"database/sql"
	"fmt"
)

// Written tells whether a statement that names a fence in its WHERE has written: its error matches [ErrStale] when it has
// not affected any row. It takes what ExecContext returns:
//
//	err := fencing.Written(db.ExecContext(ctx,
//		`UPDATE accounts SET balance = $1, fence = $2 WHERE id = $3 AND fence <= $2`, balance, lease.Fence(), id))
//
// It is <= and not <, because a holder writes several times by the same fence. Refuse fence 0, which is that of
// mode Plain, before: a row whose fence is still 0 accepts it.
//
// A row that is not there affects no row either: have it there before, or use INSERT … ON CONFLICT … DO UPDATE … WHERE.
// Drivers for MySQL count only rows that have changed, unless they are told otherwise (clientFoundRows=true): a
// write that changes nothing then passes for a stale one.
func Written(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	rows, err := result.RowsAffected()
	switch {
	case err != nil:
		return fmt.Errorf("fencing: the driver does not tell how many rows were written: %w", err)
	case rows == 0:
		return fmt.Errorf("fencing: nothing was written: %w", ErrStale)
	}
	return nil
}
