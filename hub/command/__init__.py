"""The command line's door: groups of commands that need actions only, and how results are told."""
