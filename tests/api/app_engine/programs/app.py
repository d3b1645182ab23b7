"""A WSGI app with the original SDK, which is called by tasks and calls the API again: `python app.py HOST PORT OWN`."""

import os
import sys

os.environ["API_HOST"], os.environ["API_PORT"], port = sys.argv[1:]
os.environ["GAE_APPLICATION"] = "local"

from wsgiref.simple_server import WSGIRequestHandler, make_server  # noqa: E402 - reads the environment

from google.appengine.api import taskqueue, wrap_wsgi_app  # noqa: E402 - reads the environment
from google.appengine.ext import deferred  # noqa: E402 - reads the environment


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def say(text):
    taskqueue.Queue("said").add(taskqueue.Task(payload=text, method="PULL"))


def app(environ, start_response):
    """Says which task called, and defers to say more."""
    # The middleware has taken the prefix off the names.
    say(f"{environ['PATH_INFO']} of {environ.get('HTTP_X_APPENGINE_QUEUENAME') or environ.get('HTTP_QUEUENAME')}")
    deferred.defer(taskqueue.add, url="/last")
    start_response("200 OK", [])
    return [b""]


def main():
    server = make_server("127.0.0.1", int(port), wrap_wsgi_app(app, use_deferred=True), handler_class=Quiet)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
