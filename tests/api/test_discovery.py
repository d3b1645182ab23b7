"""Discovery documents: what they list and say, and Google's generic client built from ours and from its own."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from googleapiclient.discovery_cache import get_static_doc

from broker.api.discovery import discovery_document
from tests.api.programs import run

if TYPE_CHECKING:
    from broker.api.node import ApiNode

VERSIONS = ("v2", "v2beta2", "v2beta3")
UNLISTED = {"extraLocationTypes"}
"""Parameters that are accepted and ignored."""


def methods(resource: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every method under a resource, and all that a client needs to know to call it."""
    for name, below in resource.get("resources", {}).items():
        for method, description in below.get("methods", {}).items():
            parameters = {
                key: (value["type"], value.get("format"), value["location"])
                for key, value in description["parameters"].items()
                if key not in UNLISTED
            }
            fixed = [
                description.get(key) for key in ("id", "httpMethod", "path", "parameterOrder", "request", "response")
            ]
            yield f"{prefix}{name}.{method}", (*fixed, parameters)
        yield from methods(below, f"{prefix}{name}.")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_methods_are_those_of_googles_document(version: str) -> None:
    ours, theirs = discovery_document(version, "http://h/"), json.loads(get_static_doc("cloudtasks", version))
    assert dict(methods(ours)) == dict(methods(theirs))


@pytest.mark.parametrize("version", VERSIONS)
def test_fields_have_the_types_of_googles_document(version: str) -> None:
    ours, theirs = discovery_document(version, "http://h/"), json.loads(get_static_doc("cloudtasks", version))
    assert ours["schemas"].keys() >= theirs["schemas"].keys()
    for name, schema in theirs["schemas"].items():
        fields = ours["schemas"][name]["properties"]
        for field, expected in schema.get("properties", {}).items():
            if (version, name, field) != ("v2beta2", "Task", "retryConfig"):  # newer than the client library
                assert shape(fields[field]) == shape(expected), (name, field)


def shape(schema: Any) -> Any:
    """What a schema says of a field's form."""
    if not isinstance(schema, dict):
        return schema
    return {key: shape(value) for key, value in schema.items() if key in KEYS}


KEYS = {"type", "format", "$ref", "items", "additionalProperties", "enum"}


def test_every_schema_that_is_named_is_there() -> None:
    for version in VERSIONS:
        document = discovery_document(version, "http://h/")
        text = json.dumps(document)
        named = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
        assert named <= document["schemas"].keys()


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("$discovery/rest", "v2"),
        ("$discovery/rest?version=v2beta2", "v2beta2"),
        ("discovery/v1/apis/cloudtasks/v2beta3/rest", "v2beta3"),
    ],
)
async def test_a_document_names_the_address_asked(node: "ApiNode", path: str, version: str) -> None:
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"{node.http_url}/{path}", headers={"Host": "tasks.example:8"})
        document = await answer.json()
    assert (document["version"], document["rootUrl"]) == (version, "http://tasks.example:8/")


async def test_a_version_that_is_not_served(node: "ApiNode") -> None:
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"{node.http_url}/$discovery/rest?version=v1")
        assert (answer.status, (await answer.json())["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("source", ["document", "fetched", "bundled"])
async def test_googles_generic_client(node: "ApiNode", source: str, version: str) -> None:
    assert await run("google_api.py", source, node, version) == {
        "queues": ["RUNNING"] * 3,
        "patched": 3,
        "paused": "PAUSED",
        "pages": [["first", "second"], ["third"]],
        "body": "AAEC",
        "tasks": ["t0", "t1", "t2", "t3", "t4"],
        "view": "FULL",
        "run": True,
        "deleted": {},
        "fields": {"httpRequest": {"url": "http://127.0.0.1:1/"}},
        "too long for a URL": True,
        "locations": "us-central1",
        "missing": [
            404,
            "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
        ],
    }
