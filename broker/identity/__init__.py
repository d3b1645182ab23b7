"""Signing keys, and the tokens that tasks carry to their targets."""
