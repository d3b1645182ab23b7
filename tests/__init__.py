"""The test suite: unit, store (a real server), api, dispatch, cli, faults."""
