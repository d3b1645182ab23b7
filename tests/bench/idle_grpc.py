"""The limit of CreateTask over gRPC: a grpc.aio server whose handler returns a task that was made before. A program."""

import asyncio
import json

import grpc
import uvloop
from google.cloud.tasks_v2 import CreateTaskRequest, Task

METHOD = "/google.cloud.tasks.v2.CloudTasks/CreateTask"
_request, _task = CreateTaskRequest.pb(), Task.pb()


async def create_task(request: object, context: object) -> object:
    """Nothing but the answer; reading the request and writing the answer is gRPC's."""
    return _ANSWER


_ANSWER = _task(name="projects/p/locations/l/queues/q/tasks/12345678901234567890")


async def main() -> None:
    """Serve until killed."""
    server = grpc.aio.server()
    service, method = METHOD[1:].split("/")
    handler = grpc.unary_unary_rpc_method_handler(create_task, _request.FromString, _task.SerializeToString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"port": port}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
