"""The permissions and the roles of Cloud Tasks (Cloud Tasks specification, 7.1 and 7.2)."""

PERMISSIONS = frozenset(
    f"cloudtasks.{permission}"
    for permission in (
        "cmekConfig.get",
        "cmekConfig.update",
        "locations.get",
        "locations.list",
        "queues.create",
        "queues.delete",
        "queues.get",
        "queues.getIamPolicy",
        "queues.list",
        "queues.pause",
        "queues.purge",
        "queues.resume",
        "queues.setIamPolicy",
        "queues.update",
        "tasks.batchDelete",
        "tasks.create",
        "tasks.delete",
        "tasks.fullView",
        "tasks.get",
        "tasks.list",
        "tasks.run",
    )
)

ROLE_PREFIX = "roles/cloudtasks."

ROLES = frozenset(
    f"{ROLE_PREFIX}{role}"
    for role in (
        "admin",
        "editor",
        "enqueuer",
        "queueAdmin",
        "serviceAgent",
        "taskDeleter",
        "taskRunner",
        "viewer",
    )
)
"""The predefined roles of Cloud Tasks. Bindings may name any other role as well: basic, custom, of another service."""
