"""An order: what it is, what is decided about it, where it is kept."""
