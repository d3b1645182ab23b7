"""queue.xml: the same as the YAML it converts to, and nothing that XML parsers are attacked with."""

import pytest

from broker.errors import HeadraceError
from broker.model.limits import Limits
from broker.service.queue_file.grammar import read_queue_file

XML = """<?xml version="1.0" encoding="utf-8"?>
<!-- everything there is -->
<queue-entries>
  <total-storage-limit>120M</total-storage-limit>
  <queue>
    <name>default</name>
    <rate>10/m</rate>
    <bucket-size>40</bucket-size>
    <max-concurrent-requests>3</max-concurrent-requests>
    <mode>push</mode>
    <target>v1.worker</target>
    <retry-parameters>
      <task-retry-limit>7</task-retry-limit>
      <task-age-limit>2d</task-age-limit>
      <min-backoff-seconds>1.5</min-backoff-seconds>
      <max-backoff-seconds>200</max-backoff-seconds>
      <max-doublings>0</max-doublings>
    </retry-parameters>
  </queue>
  <queue>
    <name>jobs</name>
    <mode>pull</mode>
    <acl>
      <user-email>a@example.com</user-email>
      <user-email>b@example.com</user-email>
      <writer-email>c@example.com</writer-email>
    </acl>
  </queue>
</queue-entries>
"""
YAML = """
total_storage_limit: 120M
queue:
- name: default
  rate: 10/m
  bucket_size: 40
  max_concurrent_requests: 3
  mode: push
  target: v1.worker
  retry_parameters:
    task_retry_limit: 7
    task_age_limit: 2d
    min_backoff_seconds: 1.5
    max_backoff_seconds: 200
    max_doublings: 0
- name: jobs
  mode: pull
  acl:
  - user_email: a@example.com
  - user_email: b@example.com
  - writer_email: c@example.com
"""


def test_it_converts_one_to_one():
    assert read_queue_file(XML.encode(), Limits()) == read_queue_file(YAML.encode(), Limits())


@pytest.mark.parametrize("text", ["<queue-entries/>", "<queue-entries>\n</queue-entries>"])
def test_a_file_without_queues(text):
    assert read_queue_file(text.encode(), Limits()).entries == ()


QUEUE = "<queue-entries>\n<queue>\n<name>q</name>\n{}\n</queue>\n</queue-entries>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<queues/>", 'The root of the XML must be queue-entries, not "queues". (line 1)'),
        ("<queue-entries>", "The file is not XML: no element found. (line 1)"),
        ("<a></b>", "The file is not XML: mismatched tag. (line 1)"),
        (QUEUE.format(""), "Refill rate must be specified for push-based queue. (line 2)"),
        (QUEUE.format("<rate>501/s</rate>"), "Refill rate must not exceed 500 per second (is 501.0). (line 4)"),
        (QUEUE.format("<ratee>5/s</ratee>"), 'Unknown key "ratee" in a queue'),
        (QUEUE.format("<rate>5/s</rate>stray"), 'Text beside the elements of "queue". (line 2)'),
        (QUEUE.format("<rate><per>5</per></rate>"), "rate must be a single value. (line 4)"),
        ("<a>" * 100_000, "The file is nested too deeply. (line 1)"),
        (
            '<!DOCTYPE q [\n<!ENTITY a "a">\n<!ENTITY b "&a;&a;">]>\n<queue-entries>&b;</queue-entries>',
            "Entity declarations are not supported. (line 2)",
        ),
        (
            '<!DOCTYPE q [<!ENTITY f SYSTEM "file:///etc/passwd">]><queue-entries>&f;</queue-entries>',
            "Entity declarations are not supported. (line 1)",
        ),
    ],
)
def test_refusals(text, message):
    with pytest.raises(HeadraceError) as refused:
        read_queue_file(text.encode(), Limits())
    assert refused.value.message.startswith(f"Invalid queue configuration. {message}")
