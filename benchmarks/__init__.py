"""Benchmarks: jobs beside pandas, Polars and DuckDB in one process, and the check that no order or cut changes a bit."""
