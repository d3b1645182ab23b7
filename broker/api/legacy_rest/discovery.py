"""The discovery document of the legacy REST API, from which client libraries make themselves (5.2)."""

from typing import Any

SERVICE_PATH = "taskqueue/v1beta2/projects/"
DOCUMENT_PATH = "/discovery/v1/apis/taskqueue/v1beta2/rest"

_REVISION = "20130318"
_AUTH = "https://www.googleapis.com/auth/taskqueue"
_SCOPES = {
    _AUTH: "Manage your pull queues and their tasks",
    f"{_AUTH}.consumer": "Lease and delete tasks of your pull queues",
}
_QUEUE, _TASKS = "{project}/taskqueues/{taskqueue}", "{project}/taskqueues/{taskqueue}/tasks"
_TASK = f"{_TASKS}/{{task}}"

_Fields = dict[str, Any]


def _field(kind: str, description: str, **more: Any) -> _Fields:
    return {"type": kind, "description": description} | more


def _query(kind: str, description: str, **more: Any) -> _Fields:
    return _field(kind, description, location="query", **more)


_INT64 = {"format": "int64"}
_INT32 = {"format": "int32"}
_IN_PATH = {
    "project": "Id of the project, with or without a partition prefix such as s~.",
    "taskqueue": "Id of the pull queue.",
    "task": "Id of the task.",
}
_NEW_LEASE = {
    "newLeaseSeconds": _query(
        "integer", "How long, from now, the lease is to last; 0 gives the task back.", required=True, **_INT32
    )
}
_LEASE = {
    "leaseSecs": _query("integer", "How long the lease lasts, up to 604800 seconds.", required=True, **_INT32),
    "numTasks": _query("integer", "How many tasks to lease at most, up to 1000.", required=True, **_INT32),
    "groupByTag": _query("boolean", "Lease tasks of one tag: the one given, or else that of the oldest task."),
    "tag": _query("string", "The tag of the tasks, with groupByTag."),
}
_STATS = {"getStats": _query("boolean", "Whether to answer statistics too.")}

_COMMON = {
    "alt": _query("string", "Format of the answer.", default="json", enum=["json"], enumDescriptions=["JSON"]),
    "fields": _query("string", "Which fields the answer is to hold."),
    "key": _query("string", "API key; not looked at."),
    "oauth_token": _query("string", "OAuth 2.0 token of the caller."),
    "prettyPrint": _query("boolean", "Whether the answer is indented.", default="true"),
    "quotaUser": _query("string", "Whom to count the call for; not looked at."),
    "userIp": _query("string", "Address to count the call for; not looked at."),
}

_SCHEMAS: dict[str, _Fields] = {
    "Task": {
        "kind": _field("string", "Kind of the object.", default="taskqueues#task"),
        "id": _field("string", "Id of the task."),
        "queueName": _field("string", "Id of the task's queue; in answers to lease a path that ends with it."),
        "payloadBase64": _field("string", "Payload in URL-safe base64."),
        "enqueueTimestamp": _field("string", "When the task was added, in microseconds since 1970.", **_INT64),
        "leaseTimestamp": _field(
            "string", "When the task can be leased next, or its lease ends, in microseconds since 1970.", **_INT64
        ),
        "retry_count": _field("integer", "How many times the task was leased.", **_INT32),
        "tag": _field("string", "Tag of the task."),
    },
    "Tasks": {
        "kind": _field("string", "Kind of the object.", default="taskqueues#tasks"),
        "items": _field("array", "The tasks; absent if there are none.", items={"$ref": "Task"}),
    },
    "TaskQueue": {
        "kind": _field("string", "Kind of the object.", default="taskqueues#taskqueue"),
        "id": _field("string", "Id of the queue."),
        "maxLeases": _field("integer", "How often a task can be leased before it is deleted.", **_INT32),
        "acl": {
            "type": "object",
            "description": "Who may use the queue.",
            "properties": {
                name: _field("array", "E-mail addresses.", items={"type": "string"})
                for name in ("adminEmails", "consumerEmails", "producerEmails")
            },
        },
        "stats": {
            "type": "object",
            "description": "How full and how busy the queue is.",
            "properties": {
                "totalTasks": _field("integer", "Tasks in the queue.", **_INT32),
                "oldestTask": _field("string", "Smallest lease timestamp, in seconds since 1970.", **_INT64),
                "leasedLastMinute": _field("string", "Tasks leased in the last minute.", **_INT64),
                "leasedLastHour": _field("string", "Tasks leased in the last hour.", **_INT64),
            },
        },
    },
}


def _method(
    method_id: str,
    verb: str,
    path: str,
    description: str,
    parameters: _Fields | None = None,
    *,
    takes: str = "",
    gives: str = "",
) -> _Fields:
    order = [name for name in _IN_PATH if f"{{{name}}}" in path]
    needed = [name for name, parameter in (parameters or {}).items() if parameter.get("required")]
    method: _Fields = {
        "id": f"taskqueue.{method_id}",
        "path": path,
        "httpMethod": verb,
        "description": description,
        "parameters": {name: _field("string", _IN_PATH[name], location="path", required=True) for name in order}
        | (parameters or {}),
        "parameterOrder": order + needed,
        "scopes": list(_SCOPES),
    }
    if takes:
        method["request"] = {"$ref": takes}
    if gives:
        method["response"] = {"$ref": gives}
    return method


_QUEUE_METHODS = {"get": _method("taskqueues.get", "GET", _QUEUE, "Get a queue.", _STATS, gives="TaskQueue")}
_TASK_METHODS = {
    "delete": _method("tasks.delete", "DELETE", _TASK, "Delete a task."),
    "get": _method("tasks.get", "GET", _TASK, "Get a task.", gives="Task"),
    "insert": _method("tasks.insert", "POST", _TASKS, "Add a task.", takes="Task", gives="Task"),
    "lease": _method("tasks.lease", "POST", f"{_TASKS}/lease", "Lease the oldest tasks.", _LEASE, gives="Tasks"),
    "list": _method("tasks.list", "GET", _TASKS, "List tasks, leased or not.", gives="Tasks"),
    "patch": _method("tasks.patch", "PATCH", _TASK, "Change a lease.", _NEW_LEASE, takes="Task", gives="Task"),
    "update": _method("tasks.update", "POST", _TASK, "Change a lease.", _NEW_LEASE, takes="Task", gives="Task"),
}


def discovery_document(root_url: str) -> dict[str, Any]:
    """The document of the API that is served below `root_url`, which ends with a slash."""
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "taskqueue:v1beta2",
        "name": "taskqueue",
        "version": "v1beta2",
        "revision": _REVISION,
        "title": "Task Queue API",
        "description": "Adds, leases and deletes the tasks of pull queues.",
        "protocol": "rest",
        "rootUrl": root_url,
        "servicePath": SERVICE_PATH,
        "baseUrl": f"{root_url}{SERVICE_PATH}",
        "basePath": f"/{SERVICE_PATH}",
        "parameters": _COMMON,
        "auth": {"oauth2": {"scopes": {scope: {"description": text} for scope, text in _SCOPES.items()}}},
        "schemas": {name: {"id": name, "type": "object", "properties": fields} for name, fields in _SCHEMAS.items()},
        "resources": {"taskqueues": {"methods": _QUEUE_METHODS}, "tasks": {"methods": _TASK_METHODS}},
    }
