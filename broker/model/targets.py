"""What can be said of the targets of tasks, beside where they are."""

INSECURE = "insecure"
"""In place of a file of CA certificates: the target need not prove who it is."""

UNIX = "unix:"
"""In front of the path of a unix socket."""
