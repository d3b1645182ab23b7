"""A target that accepts and never answers must not stop the others."""


def test_other_queues_go_on_beside_a_target_that_never_answers(rest, make_queue, dispatcher, recorder):
    hole = make_queue()
    rest.create_tasks(hole, f"{recorder.url}/silent", 60)
    dispatcher("--max-in-flight", 16)
    recorder.wait_for_open(hole.rpartition("/")[2], 14)  # seven eighths
    others = [make_queue() for _ in range(10)]
    for _ in range(10):
        for queue in others:
            rest.create_task(queue, recorder.url)
    for queue in others:
        assert len(recorder.wait_for(queue.rpartition("/")[2], 10)) == 10
    assert recorder.open(hole.rpartition("/")[2]) <= 15


def test_the_same_with_several_of_them(rest, make_queue, dispatcher, recorder):
    holes = [make_queue() for _ in range(3)]
    for hole in holes:
        rest.create_tasks(hole, f"{recorder.url}/silent", 60)
    node = dispatcher("--max-in-flight", 100)
    recorder.wait_until(lambda: sum(recorder.open(hole.rpartition("/")[2]) for hole in holes) > 90)
    queue = make_queue()
    rest.create_tasks(queue, recorder.url, 50)
    assert len(recorder.wait_for(queue.rpartition("/")[2], 50)) == 50
    node.kill()
