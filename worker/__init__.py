"""The dispatcher: claims due tasks, sends them as HTTP requests, settles what came of it."""
