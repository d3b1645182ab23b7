"""queue.yaml and queue.xml: App Engine's way to configure queues, read, planned and written (section 8)."""
