"""Worlds to run the product in: the demo, and the benchmarks. Both use the product's own parts with demo connectors."""
