"""Wake-ups are hints: without their connection tasks still arrive, and it is made again."""

from tests.support.waiting import eventually


def listeners(server):
    return server.client.execute_command("CLIENT", "LIST", "TYPE", "PUBSUB").decode().splitlines()


def test_tasks_arrive_and_the_connection_is_made_again(rest, make_queue, dispatcher, recorder, calm_server):
    dispatcher()
    assert len(listeners(calm_server)) == 1
    for _ in range(3):
        queue = make_queue()
        calm_server.client.execute_command("CLIENT", "KILL", "TYPE", "PUBSUB")
        rest.create_task(queue, recorder.url)
        recorder.wait_for(queue.rpartition("/")[2], 1)
        eventually(lambda: len(listeners(calm_server)) == 1)
