"""What several test areas share: servers, nodes as child processes, waiting, invariants of the store."""
