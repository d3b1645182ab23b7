"""values.schema.json: types from the defaults, the rest from the table below."""

import json
from typing import Any

import yaml

from deploy.generate.values import Value, documented

Schema = dict[str, Any]

_STRINGS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_LIST_OF_STRINGS: Schema = {"type": "array", "items": {"type": "string", "minLength": 1}}
_LIST_OF_OBJECTS: Schema = {"type": "array", "items": {"type": "object"}}
_FREE: Schema = {"type": "object"}
_CIDRS: Schema = {"type": "array", "items": {"type": "string", "pattern": r"^[0-9a-fA-F.:]+/[0-9]+$"}}
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_PERCENT: Schema = {"type": "integer", "minimum": 1, "maximum": 100}
_AT_LEAST_ONE: Schema = {"type": "integer", "minimum": 1}
_SECONDS: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 86400}
_COUNT_OR_SHARE: Schema = {"type": ["integer", "string"], "pattern": "^([0-9]+%)?$", "minimum": 0}

_REDIS_URL = r"^$|^(rediss?(\+cluster|\+sentinel)?://[^/]+|unix:///.+)"

RULES: dict[str, Schema] = {
    "commonLabels": _STRINGS,
    "image.repository": {"type": "string", "minLength": 1},
    "image.digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
    "image.pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "image.pullSecrets": _LIST_OF_STRINGS,
    "redis.url": {"type": "string", "pattern": _REDIS_URL},
    "redis.namespace": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,32}$"},
    "redis.partitions": {"type": "integer", "minimum": 1, "maximum": 16384},
    "redis.staging.maxmemory": {"type": "string", "pattern": "^[0-9]+([kmg]b?)?$"},
    "redis.staging.appendfsync": {"enum": ["everysec", "always"]},
    "redis.staging.resources": _FREE,
    "config.host": {"type": "string", "minLength": 1},
    "config.issuer": {"type": "string", "pattern": "^(https?://[^ ]+)?$"},
    "config.limits": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
    "config.settings": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z][a-z_]*$"},
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    },
    "config.project": {"type": "string", "minLength": 1},
    "config.location": {"type": "string", "minLength": 1},
    "config.logLevel": {"enum": ["debug", "info", "warning", "error"]},
    "queues": {
        "type": "array",
        "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
    },
    "queuesPrune": {"enum": ["none", "missing", "all"]},
    "api.queues": _LIST_OF_STRINGS,
    "api.service.type": {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
    "dispatcher.egress": {"enum": ["any", "public"]},
    "dispatcher.maxInFlight": {"type": "integer", "minimum": 1, "maximum": 100000},
    "dispatcher.leaseSeconds": _SECONDS,
    "dispatcher.slowPollSeconds": _SECONDS,
    "dispatcher.appEngineTarget": {"type": "string", "pattern": "^(https?://[^ ]+)?$"},
    "dispatcher.appEngineServices": {
        "type": "object",
        "additionalProperties": {"type": "string", "pattern": "^https?://[^ ]+$"},
    },
    "dispatcher.oauthTokens.accounts": _STRINGS,
    "dispatcher.autoscaling.kind": {"enum": ["hpa", "keda"]},
    "dispatcher.autoscaling.keda.overdueSeconds": _AT_LEAST_ONE,
    "dispatcher.autoscaling.keda.inFlightPercentage": _PERCENT,
    "serviceAccount.annotations": _STRINGS,
    "ingress.annotations": _STRINGS,
    "ingress.grpcAnnotations": _STRINGS,
    "gateway.parentRefs": _LIST_OF_OBJECTS,
    "gateway.hostnames": _LIST_OF_STRINGS,
    "gateway.grpcHostnames": _LIST_OF_STRINGS,
    "networkPolicy.apiFrom": _LIST_OF_OBJECTS,
    "networkPolicy.metricsFrom": _LIST_OF_OBJECTS,
    "networkPolicy.redisTo": _LIST_OF_OBJECTS,
    "networkPolicy.redisPorts": {"type": "array", "items": _PORT, "minItems": 1},
    "networkPolicy.neverTo": _CIDRS,
    "networkPolicy.targetsTo": _LIST_OF_OBJECTS,
    "monitoring.interval": {"type": "string", "pattern": "^[0-9]+(s|m)$"},
    "monitoring.labels": _STRINGS,
    "smokeTest.timeoutSeconds": _AT_LEAST_ONE,
    "extraObjects": _LIST_OF_OBJECTS,
}
"""By path. Values of both roles are below."""

_OF_BOTH: dict[str, Schema] = {
    "resources": _FREE,
    "autoscaling.minReplicas": _AT_LEAST_ONE,
    "autoscaling.maxReplicas": _AT_LEAST_ONE,
    "autoscaling.targetCPUUtilizationPercentage": _PERCENT,
    "pdb.minAvailable": _COUNT_OR_SHARE,
    "pdb.maxUnavailable": _COUNT_OR_SHARE,
    "service.annotations": _STRINGS,
    "extraEnv": _LIST_OF_OBJECTS,
    "podAnnotations": _STRINGS,
    "podLabels": _STRINGS,
    "nodeSelector": _STRINGS,
    "tolerations": _LIST_OF_OBJECTS,
    "affinity": _FREE,
    "topologySpreadConstraints": _LIST_OF_OBJECTS,
}


def schema_text(values_text: str) -> str:
    """The file's content."""
    tree = yaml.safe_load(values_text)
    values = {".".join(value.path): value for value in documented(values_text)}
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the Headrace chart",
        **_schema(tree, "", values),
    }
    # Helm hands this to charts that are dependencies of others.
    schema["properties"]["global"] = {"type": "object"}
    return json.dumps(schema, indent=2) + "\n"


def _schema(default: Any, path: str, values: dict[str, Value]) -> Schema:
    described = {"description": values[path].meaning} if path in values else {}
    return {**described, **(_rule(path) or _by_type(default, path, values))}


def _rule(path: str) -> Schema | None:
    role, _, rest = path.partition(".")
    return RULES.get(path) or (_OF_BOTH.get(rest) if role in ("api", "dispatcher") else None)


def _by_type(default: Any, path: str, values: dict[str, Value]) -> Schema:
    if isinstance(default, dict) and default:
        properties = {key: _schema(below, f"{path}.{key}".lstrip("."), values) for key, below in default.items()}
        return {"type": "object", "additionalProperties": False, "properties": properties}
    if isinstance(default, bool):
        return {"type": "boolean"}
    if isinstance(default, int):
        return {"type": "integer", "minimum": 0}
    if isinstance(default, str):
        return {"type": "string"}
    raise ValueError(f"{path}: say in RULES what may be in it")
