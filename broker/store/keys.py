"""Which keys there are. The scripts build the same names under the partition's prefix (`lua/lib/keys.lua`).

Every key carries the hash tag of its partition, `{hr:17}`, so each script works in a single slot of a Redis Cluster:

    {hr}:meta               hash: number of partitions, layout version
    {hr}:dispatchers        live dispatchers, by their last beat
    {hr}:secret:NAME        shared secrets, such as the signing key
    {hr}:cmek               hash: location -> name of its Cloud KMS key
    {hr:17}:seq             hash: counters that are never reset (ids, fences), when the partition was last served
    {hr:17}:queues          queue names in lexicographic order
    {hr:17}:ids             hash: queue name -> short numeric id
    {hr:17}:due             queue id -> the next moment at which it could dispatch
    {hr:17}:run             forced attempts that wait, queue:fence:task
    {hr:17}:garbage         swept generations, queue:generation
    {hr:17}:claim:OWNER     a dispatcher's last claim, to answer it again
    {hr:17}:leased:REQUEST  what a call has leased of a pull queue, to answer it again
    {hr:17}:gone:NAME       tombstone of a queue's name
    {hr:17}:tombstones      names of deleted queues, by the end of their tombstones
    {hr:17}:operation:NAME  what a batch call answered
    {hr:17}:operations      their names, by the end of their time
    {hr:17}:quota:...       calls of a location in a minute, by LOCATION:NAME:MINUTE
    {hr:17}:12              hash: configuration and token bucket of queue 12
    {hr:17}:12:e3           its live tasks of generation 3, by next eligible time
    {hr:17}:12:e3:t:TAG     those of them, if it is a pull queue, that have this tag or none
    {hr:17}:12:c            when tasks of a pull queue were leased in the last second, packed
    {hr:17}:12:s            what it executed in the last hour, packed
    {hr:17}:12:l            its running attempts, task:fence, by lease end; of first attempts nothing else tells
    {hr:17}:12:t:TASK       a task's record, or the tombstone of its name
    {hr:17}:wake            channel: the partition wants a claim sooner than it did
"""

import zlib
from dataclasses import dataclass

from broker.model.names import LocationName, OperationName, QueueName


@dataclass(frozen=True, slots=True)
class Keyspace:
    """Names of keys for one deployment: its namespace and its fixed number of partitions."""

    namespace: str
    partitions: int

    @property
    def meta(self) -> str:
        """What was fixed when the store was first used."""
        return f"{{{self.namespace}}}:meta"

    @property
    def dispatchers(self) -> str:
        """The set of live dispatchers."""
        return f"{{{self.namespace}}}:dispatchers"

    @property
    def cmek(self) -> str:
        """The Cloud KMS keys of locations."""
        return f"{{{self.namespace}}}:cmek"

    def secret(self, name: str) -> str:
        """A secret that all nodes share."""
        return f"{{{self.namespace}}}:secret:{name}"

    def partition_of(self, name: QueueName | OperationName | LocationName) -> int:
        """The partition a queue, an operation or the quotas of a location live in, by a hash of its name."""
        return zlib.crc32(str(name).encode()) % self.partitions

    def prefix(self, partition: int) -> str:
        """The prefix of a partition's keys, which is also its hash tag."""
        return f"{{{self.namespace}:{partition}}}"

    def queue_names(self, partition: int) -> str:
        """The names of a partition's queues."""
        return f"{self.prefix(partition)}:queues"

    def config(self, partition: int, queue_id: str) -> str:
        """A queue's configuration and token bucket."""
        return f"{self.prefix(partition)}:{queue_id}"

    def queue_tombstone(self, partition: int, queue: QueueName) -> str:
        """What keeps the name of a deleted queue taken."""
        return f"{self.prefix(partition)}:gone:{queue}"

    def task(self, partition: int, queue_id: str, task_id: str) -> str:
        """A task's record."""
        return f"{self.prefix(partition)}:{queue_id}:t:{task_id}"

    def operation(self, partition: int, name: str) -> str:
        """What a batch call answered."""
        return f"{self.prefix(partition)}:operation:{name}"

    def wake_channel(self, partition: int) -> str:
        """The channel on which scripts say that a partition wants a claim sooner."""
        return f"{self.prefix(partition)}:wake"
