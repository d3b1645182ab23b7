"""The API node, and the core that both kinds of node share."""
