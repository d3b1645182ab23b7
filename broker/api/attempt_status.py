"""The google.rpc.Status that a task shows for the answer its target gave (section 5.5)."""

from google.rpc import status_pb2

from broker.errors import Code, code_of


def attempt_status(http_status: int) -> status_pb2.Status:
    """The status of an attempt that ended with this HTTP status; 0 stands for no connection."""
    code = code_of(http_status) or Code.UNKNOWN
    return status_pb2.Status(code=int(code), message=f"{code.name}({int(code)}): HTTP status code {http_status}")
