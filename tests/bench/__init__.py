"""Benchmarks: what Headrace costs and how exact it is, beside the limit of the machine in the same run."""
