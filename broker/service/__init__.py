"""The use cases, one function each, the same for all protocols: validate, call the store, answer or raise."""
