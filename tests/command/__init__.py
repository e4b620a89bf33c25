"""The command line: what people type, what it answers, and the exit code."""
