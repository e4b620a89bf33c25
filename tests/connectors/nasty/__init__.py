"""A connector that can do everything wrong, one thing at a time, to test the contract suite itself."""
