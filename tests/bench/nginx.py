"""nginx as the fastest target there is: it answers 200 to everything and counts it. wrk says how fast that can be."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.bench.children import end, output_of, spawn
from tests.bench.machine import program
from tests.support.servers import free_port
from tests.support.waiting import eventually

_CONFIGURATION = """
daemon off; worker_processes 1; error_log {directory}/error.log crit; pid {directory}/pid;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600; client_body_temp_path {directory};
  proxy_temp_path {directory}; fastcgi_temp_path {directory}; uwsgi_temp_path {directory}; scgi_temp_path {directory};
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    location / {{ return 200; }}
    location = /status {{ stub_status; }}
  }}
}}
"""
_POST = """
wrk.method = "POST"
wrk.body = string.rep("x", {body_bytes})
wrk.headers["Content-Type"] = "{content_type}"
"""


class Nginx:
    """A running nginx with one worker."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self._session = requests.Session()
        self._looks = 0

    def arrived(self) -> int:
        """How many requests have come, without those of this method."""
        text = self._session.get(f"{self.url}status", timeout=10).text
        self._looks += 1
        counts = re.search(r"\n *\d+ +\d+ +(\d+)", text)
        assert counts, text
        return int(counts[1]) - self._looks

    def close(self) -> None:
        """Close the connection that counts."""
        self._session.close()


@contextmanager
def nginx() -> Iterator[Nginx]:
    """A sink. Raises Missing if there is no nginx."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as directory:
        configuration = Path(directory, "nginx.conf")
        configuration.write_text(_CONFIGURATION.format(directory=directory, port=port))
        process = spawn(program("nginx", "nginx-light"), "-p", directory, "-c", configuration)
        sink = Nginx(port)
        try:
            eventually(lambda: _answers(sink))
            yield sink
        finally:
            sink.close()
            process.terminate()
            process.wait()
            end(process)


def _answers(sink: Nginx) -> bool:
    try:
        return sink.arrived() >= 0
    except requests.ConnectionError:
        return False


def wrk(url: str, seconds: float, *, body_bytes: int = 200, connections: int = 64) -> float:
    """POST requests a second that wrk gets answered. Raises Missing."""
    return wrk_script(url, seconds, _POST.format(body_bytes=body_bytes, content_type="text/plain"), connections)


def wrk_script(url: str, seconds: float, script: str, connections: int = 64) -> float:
    """Requests a second that wrk gets answered with a Lua script of its own. Fails unless all are answered 2xx."""
    path = program("wrk")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        duration = f"{max(1, round(seconds))}s"
        output = output_of(path, "-t", 1, "-c", connections, "-d", duration, "-s", file.name, url)
    assert "Non-2xx" not in output, output
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert rate, output
    return float(rate[1])
