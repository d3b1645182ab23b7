"""The API behind Envoy, which speaks HTTP in C++ and runs this package's application inside its own process."""
