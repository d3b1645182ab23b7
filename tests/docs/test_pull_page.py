"""The program of docs/pull.md does what it says."""

import re
import signal
import subprocess
import sys
from contextlib import closing

import requests

from tests.docs.markdown import text_of
from tests.support.nodes import PARTITIONS, start_api
from tests.support.servers import Server, available_binaries
from tests.support.up import ROOT, environment
from tests.support.waiting import eventually

_QUEUES = "/v2beta2/projects/local/locations/us-central1/queues"


def test_the_worker_and_the_requests(tmp_path):
    page = text_of("docs/pull.md")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    queue, task, lease = re.findall(r"curl -X POST http://127\.0\.0\.1:8124(\S+) \\\n +-d '(.*)'", page)
    with closing(Server(next(iter(available_binaries().values())))) as server, start_api(server.url) as node:

        def post(request):
            answer = requests.post(f"{node.http}{request[0]}", data=request[1], timeout=30)
            assert answer.ok, answer.text
            return answer.json()

        post(queue)
        post(task)
        (leased,) = post(lease)["tasks"]
        assert leased["pullMessage"] == {"payload": "aGVsbG8K", "tag": "parse"}
        post(task)
        address = f'"{server.url}", partitions={PARTITIONS}'
        (tmp_path / "program.py").write_text(program.replace('"redis://127.0.0.1:6379"', address))
        with subprocess.Popen(
            [sys.executable, tmp_path / "program.py"], stdout=-1, text=True, cwd=ROOT, env=environment()
        ) as worker:
            assert worker.stdout.readline() == "parsed hello\n"
            eventually(lambda: len(requests.get(f"{node.http}{_QUEUES}/jobs/tasks", timeout=30).json()["tasks"]) == 1)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
