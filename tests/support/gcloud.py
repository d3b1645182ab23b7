"""gcloud as a child process that talks to nobody but a node."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.nodes import start_api
from tests.support.programs import FORKING, Programs
from tests.support.servers import empty
from tests.support.up import environment

_APIS = ("CLOUDTASKS", "APPENGINE", "SERVICEUSAGE")


def gcloud_environment(url: str, directory: Path, project: str) -> dict[str, str]:
    """The environment of commands for a project at the node with this REST URL; they keep their files in `directory`.

    `gcloud app deploy` first reads a file that it has elsewhere in real life.
    """
    (directory / "experiments.yaml").write_text("experiments: {}\n")
    settings = {f"API_ENDPOINT_OVERRIDES_{api}": f"{url}/" for api in _APIS} | {
        "CONFIG": str(directory / "gcloud"),
        "CORE_PROJECT": project,
        "CORE_DISABLE_PROMPTS": "true",
        "CORE_DISABLE_USAGE_REPORTING": "true",
        "CORE_CHECK_GCE_METADATA": "false",
        "AUTH_DISABLE_CREDENTIALS": "true",
        "APP_RUNTIME_BUILDERS_ROOT": f"{directory.as_uri()}/",
        "COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
    }
    return environment(**{f"CLOUDSDK_{name}": value for name, value in settings.items()})


class Gcloud(Programs):
    """gcloud in an environment; the arguments of `run` are those of the command."""

    def __init__(self, environment: dict[str, str]) -> None:
        # gcloud's script starts Python with these arguments before `gcloud.py`; without -S it would add one.
        arguments = f"-S {FORKING.name} googlecloudsdk."
        super().__init__(["gcloud"], environment | {"CLOUDSDK_PYTHON_ARGS": arguments})


@contextmanager
def gcloud_and_node(front: str, redis_url: str, directory: Path, project: str) -> Iterator[Gcloud]:
    """gcloud for a project, with a node of its own on the emptied server, which has the queue `default`."""
    empty(redis_url)
    with (
        start_api(redis_url, "--front", front, "--queue", "default", "--project", project) as node,
        closing(Gcloud(gcloud_environment(node.http, directory, project))) as gcloud,
    ):
        yield gcloud
