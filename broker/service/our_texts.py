"""The errors whose text, code or existence is our own decision, [I] in the specification.

No recording of the real service shows them. The ones that are known are in `texts`.
"""

from broker.errors import Code, HeadraceError
from broker.model.limits import Limits
from broker.model.task import HttpMethod
from broker.service.wording import invalid, quoted


def page_size_negative() -> HeadraceError:
    """A page size below zero."""
    return invalid("page_size cannot be negative.")


def page_token_invalid() -> HeadraceError:
    """A page token that no answer to this very list call has carried."""
    return invalid("page_token is invalid. Start again without a token.")


def filter_changed() -> HeadraceError:
    """A page token from a list call with another filter."""
    return invalid("filter must be the same in every call of one listing. Start again without a token.")


def mask_path_unknown(path: str, resource: str = "a queue", mask: str = "update_mask") -> HeadraceError:
    """A field mask with a path that is no field of the resource."""
    return invalid(f'{mask} has the path "{quoted(path)}", which is not a field of {resource}.')


def too_many_queues(limits: Limits) -> HeadraceError:
    """A new queue in a location that holds as many as it may."""
    return HeadraceError(
        Code.RESOURCE_EXHAUSTED,
        f"The location already has {limits.queues_per_location} queues. Delete one, or raise the limit "
        "queues_per_location.",
    )


def rate_too_small(smallest: float) -> HeadraceError:
    """A rate too close to zero to compute with, or not a number."""
    return invalid(
        f"RateLimits.maxDispatchesPerSecond must be a number of at least {smallest:g}, or 0 for the default."
    )


def duration_too_long(field: str, largest_s: int) -> HeadraceError:
    """A duration of more than some 285 years."""
    return invalid(f"{field} must be less than or equal to {largest_s}s.")


def sampling_ratio_range() -> HeadraceError:
    """A share that is not one."""
    return invalid("StackdriverLoggingConfig.samplingRatio must be between 0.0 and 1.0.")


def set_at_creation(field: str) -> HeadraceError:
    """Another value for what a queue keeps from its creation on."""
    return invalid(f"{field} can only be set when the queue is created.")


def lifetime_range(field: str, shortest_s: int, longest_s: int) -> HeadraceError:
    """How long tasks or tombstones live, out of range."""
    return invalid(f"{field} must be between [{shortest_s}s, {longest_s}s].")


def request_missing() -> HeadraceError:
    """A task that does not say what to call."""
    return invalid("Task.message_type is required: set http_request or app_engine_http_request.")


def url_host_missing() -> HeadraceError:
    """A URL without a host."""
    return invalid("HttpRequest.url must name a host, as in https://example.com/path.")


def url_authority_invalid(authority: str) -> HeadraceError:
    """A URL whose host or port cannot be connected to."""
    return invalid(
        f'HttpRequest.url has the host "{quoted(authority)}", which is not valid: write a host name in '
        "ASCII (xn-- for others) or an IP address, and a port up to 65535."
    )


def url_too_long(largest: int) -> HeadraceError:
    """A URL above its length limit."""
    return invalid(f"HttpRequest.url must have at most {largest} characters after percent-encoding.")


def body_not_allowed(method: HttpMethod) -> HeadraceError:
    """A body with a method that has none."""
    return invalid(f"HTTP method {method} does not allow a body.")


def header_name_invalid(field: str, name: str) -> HeadraceError:
    """A header whose name cannot be sent."""
    return invalid(
        f"{field} has the name {quoted(name)!r}, which is not valid: use letters, digits and any of !#$%&'*+-.^_`|~"
    )


def header_value_invalid(field: str, name: str) -> HeadraceError:
    """A header whose value cannot be sent, or would start another header."""
    return invalid(f"{field}: the value of {quoted(name)} holds a line break or another control character.")


def headers_too_large(field: str, largest_bytes: int) -> HeadraceError:
    """Headers above their size limit."""
    return invalid(f"{field} must have at most {largest_bytes} bytes in all.")


def relative_uri_invalid(uri: str) -> HeadraceError:
    """A relative URI that is no path."""
    return invalid(f"AppEngineHttpRequest.relativeUri must begin with / and hold no spaces, unlike {quoted(uri)!r}.")


def relative_uri_too_long(largest: int) -> HeadraceError:
    """A relative URI above its length limit."""
    return invalid(f"AppEngineHttpRequest.relativeUri must have at most {largest} characters after percent-encoding.")


def app_engine_id_invalid(field: str, value: str) -> HeadraceError:
    """A service, version or instance that could not stand in a host name."""
    return invalid(f"{field} is {quoted(value)!r}: use letters, digits, hyphens and underscores, at most 100.")


def override_host_invalid(host: str) -> HeadraceError:
    """A host, in a queue's routing, that is empty or cannot be connected to."""
    if not host:
        return invalid("HttpTarget.uriOverride.host cannot be empty. Leave it out to keep the host of each task.")
    return invalid(
        f'HttpTarget.uriOverride.host is "{quoted(host)}", which is not valid: write a host name in ASCII (xn-- for '
        "others) or an IP address, and a port as uriOverride.port."
    )


def override_port_range(largest: int) -> HeadraceError:
    """A port, in a queue's routing, that is none."""
    return invalid(f"HttpTarget.uriOverride.port must be between 1 and {largest}, or 0 to remove the port.")


def text_too_long(field: str, largest: int) -> HeadraceError:
    """A text above its length limit."""
    return invalid(f"{field} must have at most {largest} characters.")


def required(field: str) -> HeadraceError:
    """A field that another one makes necessary."""
    return invalid(f"{field} must be set.")


def lease_duration_required() -> HeadraceError:
    """A lease without a length, or one of less than a second."""
    return invalid("lease_duration must be set, to at least 1s; fractions of a second are cut off.")


def lease_filter_invalid(text: str) -> HeadraceError:
    """A filter of LeaseTasks that is not of its grammar."""
    return invalid(f'filter is {quoted(text)!r}, but must be tag=TAG, tag="TAG" or tag_function=oldest_tag().')


def lease_filter_too_long(too_long: int) -> HeadraceError:
    """A filter of LeaseTasks with a tag that no task can have."""
    return invalid(f"The tag in filter must have less than {too_long} characters.")


def cmek_excludes_routing() -> HeadraceError:
    """Queue-level routing, or a task for a queue that has it, in a location with a Cloud KMS key."""
    return HeadraceError(
        Code.FAILED_PRECONDITION,
        "Queue.httpTarget cannot be used while the location's cmekConfig names a kmsKey: remove one of them.",
    )


def cmek_name_malformed() -> HeadraceError:
    """Text that is not the name of a location's CMEK configuration."""
    return invalid('CmekConfig name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/cmekConfig".')


def kms_key_malformed(kms_key: str) -> HeadraceError:
    """Text that is not the name of a Cloud KMS key."""
    return invalid(
        f'CmekConfig.kmsKey is "{quoted(kms_key)}", but must be formatted: "projects/<PROJECT_ID>/locations/'
        '<LOCATION_ID>/keyRings/<KEY_RING_ID>/cryptoKeys/<KEY_ID>".'
    )


def policy_version_unknown(version: int) -> HeadraceError:
    """A version of the policy format that does not exist."""
    return invalid(f"Policy version {version} is not valid. Valid versions are 0, 1 and 3.")


def policy_needs_version() -> HeadraceError:
    """A policy with conditions, in a version of the format that has none."""
    return invalid("A policy with conditions needs Policy.version 3, read with requestedPolicyVersion 3.")


def too_many_members(kind: str, most: int) -> HeadraceError:
    """A policy with too many members, or groups, over all of its bindings."""
    return invalid(f"Policy.bindings must have at most {most} {kind} in all.")


def member_malformed(member: str) -> HeadraceError:
    """A member of a known kind whose name is none of that kind."""
    return invalid(
        f'The member "{quoted(member)}" is malformed: write it like user:ada@example.com, domain:example.com, '
        "or principal://iam.googleapis.com/NAME."
    )


def batch_count(field: str, given: int, largest: int) -> HeadraceError:
    """A batch without items, or with too many."""
    return invalid(f"{field} must have between 1 and {largest} entries, not {given}.")


def batch_too_large(largest_bytes: int) -> HeadraceError:
    """A batch of tasks above the size limit."""
    return invalid(f"The request must have at most {largest_bytes} bytes. Send fewer tasks at once.")


def batch_parent_elsewhere(field: str, parent: str) -> HeadraceError:
    """An item of a batch for another queue than the batch."""
    return invalid(f"{field} must be in the queue of the request, '{quoted(parent)}'.")


def request_id_malformed(request_id: str) -> HeadraceError:
    """A request id that is no UUID."""
    return invalid(f'request_id is "{quoted(request_id)}", but must be a UUID, or left out.')


def request_id_reused() -> HeadraceError:
    """A request id that came with another request before."""
    return invalid("request_id was used for another request. Use a new UUID for each request.")


def nothing_succeeded(metadata: str) -> HeadraceError:
    """The error of a batch none of whose items succeeded."""
    return HeadraceError(
        Code.ABORTED,
        f"None of the requests succeeded, refer to {metadata}.failed_requests for individual error details",
    )


def buffer_target_missing() -> HeadraceError:
    """BufferTask on a queue that does not say where its tasks go."""
    return HeadraceError(
        Code.FAILED_PRECONDITION,
        "The queue cannot buffer tasks: set Queue.httpTarget.uriOverride.host to say where they are sent.",
    )


def filter_invalid(reason: str) -> HeadraceError:
    """A filter of ListQueues that cannot be understood."""
    return invalid(f"filter is invalid: {quoted(reason)}.")
