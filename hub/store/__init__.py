"""The tables, and the few set-wise statements of the hot path."""
