"""The grammar of queue files: text -> what it says, or the first thing that is wrong with it (8.1 and 8.2)."""

import re

from broker.model.limits import Limits
from broker.model.queue import Acl, QueueKind
from broker.service.queue_file.entry import QueueEntry, QueueFile
from broker.service.queue_file.problems import invalid, quoted
from broker.service.queue_file.retry import read_retry
from broker.service.queue_file.scalars import check_storage_limit, per_second, routing, truth, whole
from broker.service.queue_file.section import Section
from broker.service.queue_file.tree import Node
from broker.service.queue_file.xml_reader import read_xml
from broker.service.queue_file.yaml_reader import read_yaml

_FILE_KEYS = ("queue", "total_storage_limit", "resume_paused_queues", "application")
_QUEUE_KEYS = (
    *("name", "mode", "rate", "bucket_size", "max_concurrent_requests", "target", "retry_parameters", "acl"),
    "paused",  # ours: without it, a paused queue could not be written down with its rate
)
_ACL_KEYS = ("user_email", "writer_email")
_PUSH_ONLY = {
    "rate": "Refill rate",
    "max_concurrent_requests": "Max concurrent requests",
    "bucket_size": "Bucket size",
    "target": "Target",
}
_LARGEST_BYTES = 4 * 1024 * 1024
_queue_id = re.compile(r"[A-Za-z0-9-]{1,100}")


def read_queue_file(content: bytes, limits: Limits) -> QueueFile:
    """What a queue.yaml or queue.xml says; which of the two it is, its first character tells.

    Raises INVALID_ARGUMENT naming the line.
    """
    if len(content) > _LARGEST_BYTES:
        raise invalid(f"The file must have at most {_LARGEST_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid("The file must be UTF-8 text", content.count(b"\n", 0, error.start) + 1) from None
    tree = read_xml(text) if text.lstrip().startswith("<") else read_yaml(text)
    return _file(Section(tree, "the file", _FILE_KEYS), limits)


def _file(section: Section, limits: Limits) -> QueueFile:
    if limit := section.text("total_storage_limit"):
        check_storage_limit(limit)
    section.text("application")
    resume = section.text("resume_paused_queues")
    entries: dict[str, QueueEntry] = {}
    for node in section.items("queue"):
        entry = _entry(node, limits)
        if entry.queue_id in entries:
            raise invalid(f'Queue "{entry.queue_id}" is listed twice', node.line)
        entries[entry.queue_id] = entry
    return QueueFile(tuple(entries.values()), truth("resume_paused_queues", resume) if resume else True)


def _entry(node: Node, limits: Limits) -> QueueEntry:
    section = Section(node, "a queue", _QUEUE_KEYS)
    paused = section.text("paused")
    is_paused = truth("paused", paused) if paused else False
    if _mode(section) is QueueKind.PULL:
        return _pull_entry(section, paused=is_paused)
    return _push_entry(section, limits, paused=is_paused)


def _name(section: Section) -> str:
    name = section.text("name")
    if name is None:
        raise invalid("Name must be specified for a queue", section.line)
    if not _queue_id.fullmatch(name.text):
        raise invalid(f"Queue name must have 1 to 100 letters, digits and hyphens; got {quoted(name.text)}", name.line)
    return name.text


def _mode(section: Section) -> QueueKind:
    mode = section.text("mode")
    if mode and mode.text not in ("push", "pull"):
        raise invalid(f"mode must be push or pull; got {quoted(mode.text)}", mode.line)
    return QueueKind.PULL if mode and mode.text == "pull" else QueueKind.PUSH


def _push_entry(section: Section, limits: Limits, *, paused: bool) -> QueueEntry:
    name = _name(section)
    rate = _rate(section, limits)
    target = section.text("target")
    return QueueEntry(
        queue_id=name,
        rate=rate or None,
        paused=paused or not rate,
        bucket_size=_bucket_size(section, limits),
        max_concurrent_requests=_concurrency(section, limits),
        target=routing(target) if target else None,
        retry=read_retry(section, QueueKind.PUSH),
        acl=_acl(section),
    )


def _pull_entry(section: Section, *, paused: bool) -> QueueEntry:
    name = _name(section)
    for key, words in _PUSH_ONLY.items():
        if node := section.node(key):
            raise invalid(f"{words} must not be specified for pull-based queue", node.line)
    retry = read_retry(section, QueueKind.PULL)
    return QueueEntry(name, QueueKind.PULL, paused=paused, retry=retry, acl=_acl(section))


def _acl(section: Section) -> Acl:
    """The addresses, each once, in the order of the file."""
    entries = [Section(entry, "an acl entry", _ACL_KEYS) for entry in section.items("acl")]
    users, writers = ([text.text for each in entries if (text := each.text(key))] for key in _ACL_KEYS)
    return Acl(tuple(dict.fromkeys(users)), tuple(dict.fromkeys(writers)))


def _rate(section: Section, limits: Limits) -> float:
    text = section.text("rate")
    if text is None:
        raise invalid("Refill rate must be specified for push-based queue", section.line)
    rate, largest = per_second(text), limits.max_dispatches_per_second
    if rate > largest:
        raise invalid(f"Refill rate must not exceed {largest:.15g} per second (is {rate:.1f})", text.line)
    return rate


def _bucket_size(section: Section, limits: Limits) -> int:
    """The bucket's size. 0 is the default, as for gcloud: a bucket that holds nothing would let nothing through."""
    text = section.text("bucket_size")
    default = min(QueueEntry("").bucket_size, limits.max_burst_size)
    if text is None:
        return default
    size = whole("bucket_size", text)
    if size < 0:
        raise invalid("Bucket size must not be less than zero", text.line)
    if size > limits.max_burst_size:
        raise invalid(f"Maximum bucket size is {limits.max_burst_size}", text.line)
    return size or default


def _concurrency(section: Section, limits: Limits) -> int:
    """The number of requests, brought into its range. 0 is the default, as for gcloud: it never meant "one"."""
    text = section.text("max_concurrent_requests")
    number = whole("max_concurrent_requests", text) if text else 0
    return min(limits.max_concurrent_dispatches, max(1, number or QueueEntry("").max_concurrent_requests))
