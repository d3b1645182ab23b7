"""Protocol adapters: parse, call one service function, answer. They decide nothing."""
