"""The same job on other queues: enqueue HTTP tasks, deliver them to the same nginx, at least once."""
