"""The broker that needs no server: many write and read at once, and nobody sees half a message."""

import multiprocessing
import time
from pathlib import Path

import pytest
from kombu.connection import Connection
from kombu.exceptions import ChannelError

from workers import file_broker

MESSAGES = 400


def connection(folder: Path) -> Connection:
    for name in ("messages", "control"):
        (folder / name).mkdir(exist_ok=True)
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.001,
    }
    return Connection(f"{file_broker.SCHEME}://", transport_options=options)


def send(folder: Path, first: int, count: int = MESSAGES) -> None:
    with connection(folder) as broker:
        queue = broker.SimpleQueue(folder.name)
        for number in range(first, first + count):
            queue.put({"number": number, "padding": "x" * 3000})


def receive(folder: Path, count: int) -> list[int]:
    with connection(folder) as broker:
        queue = broker.SimpleQueue(folder.name)
        deadline = time.monotonic() + 60
        numbers: list[int] = []
        while len(numbers) < count and time.monotonic() < deadline:
            try:
                message = queue.get(timeout=1)
            except queue.Empty:
                continue
            numbers.append(message.payload["number"])
            message.ack()
    return numbers


def test_a_reader_gets_every_message_whole_while_others_write(tmp_path):
    senders = [
        multiprocessing.get_context("spawn").Process(target=send, args=(tmp_path, first))
        for first in (0, MESSAGES)
    ]
    for sender in senders:
        sender.start()
    numbers = receive(tmp_path, 2 * MESSAGES)
    for sender in senders:
        sender.join(30)
        assert sender.exitcode == 0
    assert sorted(numbers) == list(range(2 * MESSAGES))
    assert list((tmp_path / "messages").iterdir()) == []


def test_a_damaged_message_is_dropped_and_the_next_one_read(tmp_path, caplog):
    with connection(tmp_path) as broker:
        queue = broker.SimpleQueue(tmp_path.name)
        (tmp_path / "messages" / f"0_first.{tmp_path.name}.msg").write_text("")
        queue.put({"number": 7})
        assert receive(tmp_path, 1) == [7]
    assert f"dropped a damaged message of queue {tmp_path.name}" in caplog.text


def test_a_damaged_table_of_queues_is_made_again(tmp_path):
    with connection(tmp_path) as broker:
        broker.SimpleQueue(tmp_path.name).put({"number": 1})
    (table,) = (tmp_path / "control").glob("*.exchange")
    table.write_text("")
    # Another process: one that has bound a queue once does not do so again.
    sender = multiprocessing.get_context("spawn").Process(target=send, args=(tmp_path, 0, 1))
    sender.start()
    sender.join(30)
    assert sender.exitcode == 0
    assert table.read_text() != ""
    assert sorted(receive(tmp_path, 2)) == [0, 1]


def test_a_message_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path):
    with connection(tmp_path) as broker:
        queue = broker.SimpleQueue(tmp_path.name)
        (tmp_path / "messages").rmdir()
        with pytest.raises(ChannelError, match="Cannot write"):
            queue.put({"number": 1})
    assert not (tmp_path / "messages").exists()
