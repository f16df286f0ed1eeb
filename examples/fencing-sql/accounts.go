package main

import (
	"context"
	"database/sql"

	"github.com/quorumlock/quorumlock/redlock/fencing"
)

// schema has both ways to keep a fence: in the row that is written, or in a row of its own for each lock.
const schema = `
CREATE TABLE IF NOT EXISTS accounts (
	id      TEXT   PRIMARY KEY,
	balance BIGINT NOT NULL DEFAULT 0,
	fence   BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS fences (
	key   TEXT   PRIMARY KEY,
	fence BIGINT NOT NULL
);`

// deposit writes to one row, unless a later holder has been there. The row is there before.
func deposit(ctx context.Context, db *sql.DB, id string, amount int64, fence uint64) error {
	if fence == 0 { // a lease of mode Plain has none
		return fencing.ErrNoFence
	}
	return fencing.Written(db.ExecContext(ctx,
		`UPDATE accounts SET balance = balance + $1, fence = $2 WHERE id = $3 AND fence <= $2`, amount, fence, id))
}

// fenced carries out whatever a transaction writes, unless a later holder of the lock has been there. The lock's row is
// written first: the next holder's transaction waits for it until this one is over.
func fenced(ctx context.Context, db *sql.DB, key string, fence uint64, write func(tx *sql.Tx) error) error {
	if fence == 0 {
		return fencing.ErrNoFence
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	err = fencing.Written(tx.ExecContext(ctx,
		`INSERT INTO fences (key, fence) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET fence = excluded.fence WHERE fences.fence <= excluded.fence`, key, fence))
	if err != nil {
		return err
	}
	if err := write(tx); err != nil {
		return err
	}
	return tx.Commit()
}
