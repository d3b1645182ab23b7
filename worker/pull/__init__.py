"""The runner of pull workers: leases tasks of one queue, hands them to a handler, acknowledges what is done."""
