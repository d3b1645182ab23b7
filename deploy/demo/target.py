"""A target to play with: prints each task that arrives and answers 200, or the status that its URL asks for.

http://demo:9000/anything?status=503&delay=2 answers 503 after two seconds.
"""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PORT = 9000


class Target(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Read the request, print a line, answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wishes = parse_qs(urlsplit(self.path).query)
        status = int(wishes.get("status", ["200"])[0])
        time.sleep(min(float(wishes.get("delay", ["0"])[0]), 60))
        task, attempt = (self.headers.get(f"X-CloudTasks-Task{name}", "-") for name in ("Name", "RetryCount"))
        print(f"{self.command} {self.path} task={task} retry={attempt} bytes={len(body)} -> {status}", flush=True)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 - the server's names

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing more than the line above."""


if __name__ == "__main__":
    print(f"waiting for tasks on port {PORT}", flush=True)
    ThreadingHTTPServer(("", PORT), Target).serve_forever()
