"""What is generated in deploy/ and helm/: `make generate`."""
