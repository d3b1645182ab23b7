"""The use cases of the App Engine task queue API (App Engine specification, sections 2 to 4)."""
