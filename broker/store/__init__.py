"""Queues, tasks and attempts in Redis. The only package that knows the Redis client."""
