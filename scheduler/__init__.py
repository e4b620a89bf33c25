"""What happens by the clock: `jobs` is the table, `runner` fires it. Deadlines live in rows, never only here."""
