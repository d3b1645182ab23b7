"""The `headrace` command: one file per subcommand, and what they share."""

import os

# The core of gRPC reads this when it is imported; it would write lines of its own to standard error.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
