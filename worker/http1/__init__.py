"""HTTP/1.1 on bare connections: requests as bytes, answers by a parser in C, connections kept by origin."""
