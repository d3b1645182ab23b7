"""The Redis scripts, one operation per file, shipped as package data."""
