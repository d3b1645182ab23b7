"""The filter language of list calls (Cloud Tasks specification, 3.5): text -> tree -> a test of one item. Pure."""
