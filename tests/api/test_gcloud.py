"""gcloud against the REST port: the commands of the documentation on queues, and what `describe` prints (9.3, 9.5).

The released commands speak v2, those of the track `beta` v2beta3, those of `alpha` v2beta2.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fronts import FRONTS
from tests.support.gcloud import gcloud_and_node

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on PATH")

PROJECT, LOCATION = "my-project", "us-central1"
QUEUES = f"projects/{PROJECT}/locations/{LOCATION}/queues"
Run = Callable[..., str]


@pytest.fixture(scope="module", params=FRONTS)
def gcloud(request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs `gcloud tasks ...` in an environment of its own and answers what it prints; `track` is alpha or beta."""
    with gcloud_and_node(request.param, redis_url, tmp_path_factory.mktemp("gcloud"), PROJECT) as gcloud:

        def run(*arguments: str, track: str = "") -> str:
            place = [] if arguments[0] == "locations" else [f"--location={LOCATION}"]
            return gcloud.run(*([track] if track else []), "tasks", *map(str, arguments), *place)

        yield run


def documented(text: str) -> str:
    """A description as the documentation prints it, for our project."""
    names = {"SERVICE": "worker", "PROJECT_ID": PROJECT, "LOCATION_ID": LOCATION}
    for placeholder, value in names.items():
        text = text.replace(placeholder, value)
    return text


RATES = """\
rateLimits:
  maxBurstSize: 100
  maxConcurrentDispatches: 1000
  maxDispatchesPerSecond: 500.0
"""
RETRIES = """\
retryConfig:
  maxAttempts: 100
  maxBackoff: 3600s
  maxDoublings: 16
  minBackoff: 0.100s
"""
ROUTED = """\
appEngineRoutingOverride:
  host: SERVICE.PROJECT_ID.appspot.com
  service: SERVICE
name: projects/PROJECT_ID/locations/LOCATION_ID/queues/routed
"""


def test_routing_of_app_engine_tasks(gcloud: Run) -> None:
    gcloud("queues", "create", "routed")
    gcloud("queues", "update", "routed", "--routing-override=service:worker,version:v1")
    assert "  host: v1.worker.my-project.appspot.com\n" in gcloud("queues", "describe", "routed")
    gcloud("queues", "update", "routed", "--routing-override=service:worker")
    assert gcloud("queues", "describe", "routed") == documented(ROUTED + RATES + RETRIES + "state: RUNNING\n")
    gcloud("queues", "update", "routed", "--clear-routing-override")
    fresh = f"name: {QUEUES}/routed\n{RATES}{RETRIES}state: RUNNING\n"
    assert gcloud("queues", "describe", "routed") == fresh


def test_rates_and_retries(gcloud: Run) -> None:
    gcloud("queues", "create", "limited", "--max-concurrent-dispatches=7")
    rates = RATES.replace("1000", "7")
    assert gcloud("queues", "describe", "limited") == f"name: {QUEUES}/limited\n{rates}{RETRIES}state: RUNNING\n"
    limits = ("--max-dispatches-per-second=5", "--max-concurrent-dispatches=3", "--max-attempts=-1")
    retries = ("--max-retry-duration=5s", "--min-backoff=10s", "--max-backoff=300s", "--max-doublings=3")
    gcloud("queues", "update", "limited", *limits, *retries)
    assert gcloud("queues", "describe", "limited") == (
        f"name: {QUEUES}/limited\n"
        "rateLimits:\n  maxBurstSize: 10\n  maxConcurrentDispatches: 3\n  maxDispatchesPerSecond: 5.0\n"
        "retryConfig:\n  maxAttempts: -1\n  maxBackoff: 300s\n  maxDoublings: 3\n  maxRetryDuration: 5s\n"
        "  minBackoff: 10s\nstate: RUNNING\n"
    )
    gcloud("queues", "update", "limited", "--max-retry-duration=0", "--clear-max-doublings")
    described = gcloud("queues", "describe", "limited")
    assert "maxRetryDuration" not in described
    assert "  maxDoublings: 16\n" in described


URI = "--http-uri-override=scheme:http,host:example.com,port:8080,path:/p,query:a=b,mode:if_not_exists"
TARGET = """\
httpTarget:
  headerOverrides:
  - header:
      key: A
      value: '1'
  - header:
      key: B
      value: '2'
  httpMethod: PUT
  oidcToken:
    audience: audience
    serviceAccountEmail: a@my-project.iam.gserviceaccount.com
  uriOverride:
    host: example.com
    pathOverride:
      path: /p
    port: '8080'
    queryOverride:
      queryParams: a=b
    scheme: HTTP
    uriOverrideEnforceMode: IF_NOT_EXISTS
"""


def test_routing_of_http_tasks(gcloud: Run) -> None:
    headers = ("--http-header-override=A: 1", "--http-header-override=B: 2", "--http-method-override=PUT")
    account = "--http-oidc-service-account-email-override=a@my-project.iam.gserviceaccount.com"
    token = (account, "--http-oidc-token-audience-override=audience")
    gcloud("queues", "create", "http", URI, *headers, *token)
    rest = f"name: {QUEUES}/http\n{RATES}{RETRIES}state: RUNNING\n"
    assert gcloud("queues", "describe", "http") == TARGET + rest

    gcloud("queues", "update", "http", "--http-uri-override=host:localhost", "--clear-http-header-override")
    kept = TARGET[TARGET.index("  httpMethod") : TARGET.index("  uriOverride")]
    uri = "  uriOverride:\n    host: localhost\n    uriOverrideEnforceMode: ALWAYS\n"
    assert gcloud("queues", "describe", "http") == f"httpTarget:\n{kept}{uri}{rest}"

    oauth = ("--http-oauth-service-account-email-override=b@p", "--http-oauth-token-scope-override=scope")
    gcloud("queues", "update", "http", *oauth, "--clear-http-uri-override", "--clear-http-method-override")
    shown = "httpTarget:\n  oauthToken:\n    scope: scope\n    serviceAccountEmail: b@p\n"
    assert gcloud("queues", "describe", "http") == shown + rest

    cleared = ("--clear-http-oauth-service-account-email-override", "--clear-http-oauth-token-scope-override")
    gcloud("queues", "update", "http", *cleared)
    assert gcloud("queues", "describe", "http") == rest


def test_pause_and_resume_and_tasks(gcloud: Run) -> None:
    gcloud("queues", "create", "held")
    gcloud("queues", "pause", "held")
    assert gcloud("queues", "describe", "held").endswith("state: PAUSED\n")
    gcloud("create-app-engine-task", "app", "--queue=held", "--relative-uri=/work", "--routing=service:worker")
    described = gcloud("describe", "app", "--queue=held")
    assert "  appEngineRouting:\n    host: worker.my-project.appspot.com\n    service: worker\n" in described
    assert "  relativeUri: /work\n" in described
    gcloud("queues", "resume", "held")
    assert gcloud("queues", "describe", "held").endswith("state: RUNNING\n")


def test_a_cloud_kms_key(gcloud: Run) -> None:
    gcloud("queues", "create", "keyed")
    key = ("--kms-key-name=k", "--kms-keyring=r", f"--kms-project={PROJECT}")
    gcloud("cmek-config", "update", *key)
    name = f"projects/{PROJECT}/locations/{LOCATION}"
    shown = f"kmsKey: {name}/keyRings/r/cryptoKeys/k\nname: {name}/cmekConfig\n"
    assert gcloud("cmek-config", "describe") == shown
    with pytest.raises(RuntimeError, match=r"FAILED_PRECONDITION: Queue\.httpTarget .*cmekConfig"):
        gcloud("queues", "update", "keyed", "--http-uri-override=host:localhost")
    gcloud("cmek-config", "update", "--clear-kms-key")
    assert gcloud("cmek-config", "describe") == f"name: {name}/cmekConfig\n"


@pytest.mark.parametrize("track", ["", "beta", "alpha"])
def test_iam_policies(gcloud: Run, tmp_path: Path, track: str) -> None:
    queue, role = f"guarded{track}", "roles/cloudtasks.enqueuer"
    gcloud("queues", "create", queue, track=track)
    assert gcloud("queues", "get-iam-policy", queue, track=track) == "etag: ACAB\n"
    for member in ("user:ada@example.com", "allUsers"):
        gcloud("queues", "add-iam-policy-binding", queue, f"--role={role}", f"--member={member}", track=track)
    members = "bindings:\n- members:\n  - user:ada@example.com\n  - allUsers\n"
    policy = gcloud("queues", "get-iam-policy", queue, track=track)
    assert re.fullmatch(f"{members}  role: {role}\netag: [\\w-]{{11}}=\nversion: 1\n", policy)

    gcloud("queues", "remove-iam-policy-binding", queue, f"--role={role}", "--member=allUsers", track=track)
    stale = tmp_path / "policy.yaml"
    stale.write_text(policy)
    with pytest.raises(RuntimeError, match="There were concurrent policy changes"):
        gcloud("queues", "set-iam-policy", queue, stale, track=track)
    stale.write_text("bindings: []\n")
    gcloud("queues", "set-iam-policy", queue, stale, track=track)
    assert "bindings" not in gcloud("queues", "get-iam-policy", queue, track=track)


LIFETIMES = "taskTtl: 2678400s\ntombstoneTtl: 3600s\n"
WORDS = {
    "beta": {"rate": "--max-dispatches-per-second=5", "uri": "--relative-uri=/work", "body": "--body-content=abc"},
    "alpha": {
        "rate": "--max-tasks-dispatched-per-second=5",
        "uri": "--url=/work",
        "body": "--payload-content=abc",
    },
}


@pytest.mark.parametrize("track", WORDS)
def test_queues_of_other_tracks(gcloud: Run, track: str) -> None:
    queue, words = f"track-{track}", WORDS[track]
    gcloud("queues", "create", queue, track=track)
    attempts = ("--max-attempts=unlimited", "--min-backoff=1s")
    gcloud("queues", "update", queue, words["rate"], "--routing-override=service:s,version:v", *attempts, track=track)
    described = gcloud("queues", "describe", queue, track=track)
    override = "  appEngineRoutingOverride:\n    host: v.s.my-project.appspot.com\n    service: s\n    version: v\n"
    retries = RETRIES.replace("0.100s", "1s")
    if track == "beta":
        target, kind, retries = "appEngineHttpQueue", "type: PUSH\n", retries.replace("100", "-1")
        rates = RATES.replace("500.0", "5.0").replace("100\n", "10\n")
    else:
        target, kind = "appEngineHttpTarget", ""
        retries = retries.replace("  maxAttempts: 100\n", "") + "  unlimitedAttempts: true\n"
        rates = "rateLimits:\n  maxBurstSize: 10\n  maxConcurrentTasks: 1000\n  maxTasksDispatchedPerSecond: 5.0\n"
    state = f"state: RUNNING\n{LIFETIMES}{kind}"
    assert described == f"{target}:\n{override}name: {QUEUES}/{queue}\n{rates}{retries}{state}"
    assert f"{queue} push RUNNING 1000 5.0 unlimited" in " ".join(gcloud("queues", "list", track=track).split())

    cleared = ("--clear-routing-override", "--clear-max-attempts")
    gcloud("queues", "update", queue, *cleared, "--http-uri-override=host:localhost", track=track)
    described = gcloud("queues", "describe", queue, track=track)
    assert "appEngineRoutingOverride" not in described
    assert "  maxAttempts: 100\n" in described
    assert described.startswith("httpTarget:\n  uriOverride:\n    host: localhost\n")


@pytest.mark.parametrize("track", WORDS)
def test_tasks_of_other_tracks(gcloud: Run, track: str) -> None:
    queue, words = f"tasks-{track}", WORDS[track]
    gcloud("queues", "create", queue, track=track)
    gcloud("queues", "pause", queue, track=track)
    where = f"--queue={queue}"
    gcloud("create-app-engine-task", "app", where, words["uri"], words["body"], "--routing=service:w", track=track)
    gcloud("create-http-task", "http", where, "--url=http://localhost:1/", track=track)
    described = gcloud("describe", "app", where, "--response-view=full", track=track)
    uri, body = ("relativeUri", "body") if track == "beta" else ("relativeUrl", "payload")
    assert f"  {uri}: /work\n" in described
    assert f"  {body}: YWJj\n" in described
    listed = [line.split()[:2] for line in gcloud("list", where, track=track).splitlines()[1:]]
    assert sorted(listed) == [["app", "app-engine"], ["http", "http"]]


def test_locations(gcloud: Run) -> None:
    assert gcloud("locations", "describe", LOCATION).startswith(
        f"displayName: {LOCATION}\nlabels:\n  cloud.googleapis.com/region: {LOCATION}\n"
    )


def test_buffering(gcloud: Run) -> None:
    gcloud("queues", "create", "buffers", "--http-uri-override=host:target.test")
    gcloud("queues", "pause", "buffers", "--quiet")
    gcloud("buffer", "--queue=buffers")
    gcloud("buffer", "--queue=buffers", "--task-id=mine")
    gcloud("buffer", "--queue=buffers", "--task-id=beta", track="beta")
    named = gcloud("list", "--queue=buffers", "--format=value(name.basename())").split()
    assert {"mine", "beta"} < set(named)
    assert len(named) == 3
    assert "User-Agent: Google-Cloud-Tasks\n" in gcloud("describe", "mine", "--queue=buffers")
