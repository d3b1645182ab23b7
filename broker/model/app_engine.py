"""Where the services of an App Engine app are: the host they are called by, and the URL at which they really run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.model.task import AppEngineRouting

DEFAULT_DOMAIN = "{project}.appspot.com"
_DEFAULT_SERVICE = "default"


def app_domain(template: str, project: str) -> str:
    """The domain of a project's app. The organisation in a project id, as in example.com:shop, comes last."""
    return template.replace("{project}", ".".join(reversed(project.split(":"))))


@dataclass(frozen=True, slots=True)
class AppEngineTargets:
    """Base URLs of services, without a slash at the end."""

    target: str = ""
    """For every service that `services` does not name; `{service}` stands for its name."""
    services: Mapping[str, str] = field(default_factory=dict)
    """By service, or by version.service, which is looked for first. The service called "default" stands for others."""

    def base_url(self, routing: AppEngineRouting) -> str:
        """The URL before the path of a request; empty if none is configured."""
        service = routing.service or _DEFAULT_SERVICE
        found = self.services.get(f"{routing.version}.{service}") or self.services.get(service)
        return found or self.target.replace("{service}", service) or self.services.get(_DEFAULT_SERVICE, "")
