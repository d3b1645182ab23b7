"""What a queue, a task, an attempt and a limit are. Pure: no I/O, no asyncio, no protobuf, no Redis."""
