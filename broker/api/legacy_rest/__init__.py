"""The legacy REST API of pull queues, taskqueue/v1beta2 (App Engine specification, section 5)."""
