"""The commands that talk to a portal: the real entry against a real running server."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from portal.api import tokens
from portal.models import ApiToken
from tests.cli.conftest import Run
from tests.portal.api.rows import (
    make_alias,
    make_bundle,
    make_job,
    make_model,
    make_source,
    make_version,
)
from workers.models import Job, JobState, Step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_places(settings, tmp_path):
    cache.clear()
    settings.STORAGE_URL = f"file://{tmp_path}/storage"


@pytest.fixture
def owner(transactional_db) -> User:
    return User.objects.create_user("owner", password="correct horse")


@pytest.fixture
def env(live_server, owner: User) -> dict[str, str]:
    """A build's environment: where the portal is, and a token."""
    _, text = tokens.issue(owner, "build")
    return {"CROSSPORT_URL": live_server.url, "CROSSPORT_TOKEN": text}


def in_background(work: Callable[[Job], None]) -> threading.Thread:
    """Do with the first job that appears what a worker would."""

    def run() -> None:
        deadline = time.monotonic() + 60
        try:
            while (job := Job.objects.first()) is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            work(job)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def succeed(job: Job) -> None:
    Step.objects.create(
        job=job, attempt=1, position=0, name="convert", state="done", detail="model.onnx, 1 kB"
    )
    Job.objects.filter(pk=job.pk).update(attempt=1)
    job.refresh_from_db()
    make_bundle(job)
    Job.objects.filter(pk=job.pk).update(state="succeeded", finished_at=timezone.now())


def end(state: JobState, code: str, sentence: str) -> Callable[[Job], None]:
    def work(job: Job) -> None:
        Job.objects.filter(pk=job.pk).update(
            state=state, code=code, sentence=sentence, finished_at=timezone.now()
        )

    return work


def test_login_stores_a_token_for_its_owner_alone_and_logout_revokes_it(
    crossport: Run, live_server, owner: User, tmp_path: Path
):
    done = crossport("login", live_server.url, "--username", "owner", stdin="correct horse\n")
    assert done.returncode == 0, done.stderr
    stored = tmp_path / "config" / "crossport" / "config.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    text = json.loads(stored.read_text())["token"]
    assert text not in done.stdout + done.stderr
    who = crossport("whoami", "--json")
    assert json.loads(who.stdout)["username"] == "owner"
    assert crossport("logout").returncode == 0
    assert not stored.exists()
    assert ApiToken.objects.get().revoked_at is not None
    assert crossport("whoami").returncode == 2


def test_a_wrong_password_is_refused_and_stores_nothing(
    crossport: Run, live_server, owner: User, tmp_path: Path
):
    done = crossport("login", live_server.url, "--username", "owner", stdin="wrong\n")
    assert (done.returncode, "bad_password" in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "config").exists()


def test_a_token_from_elsewhere_is_stored_when_it_holds(crossport: Run, live_server, owner: User):
    _, text = tokens.issue(owner, "page")
    done = crossport("login", live_server.url, "--token", stdin=text + "\n")
    assert done.returncode == 0, done.stderr
    assert crossport("whoami").returncode == 0
    done = crossport("login", live_server.url, "--token", stdin="cpt_wrong\n")
    assert (done.returncode, "bad_token" in done.stderr) == (1, True)


def test_a_stored_token_is_never_sent_to_another_address(crossport: Run, live_server, owner: User):
    crossport("login", live_server.url, "--username", "owner", stdin="correct horse\n")
    elsewhere = live_server.url.replace("localhost", "127.0.0.1")
    done = crossport("whoami", env={"CROSSPORT_URL": elsewhere})
    assert (done.returncode, "not_authenticated" in done.stderr) == (1, True), done.stderr


def test_models_are_found_and_shown_in_aligned_columns(crossport: Run, env: dict[str, str]):
    make_alias(make_version(make_model("fraud")))
    make_version(make_model("a-much-longer-name", make_source("test")))
    done = crossport("models", env=env)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert [row.split()[0] for row in rows] == ["test/a-much-longer-name", "prod/fraud"]
    assert {row[head.index("LATEST") - 1] for row in rows} == {" "}
    found = crossport("models", "frau", "--json", env=env)
    assert [row["name"] for row in json.loads(found.stdout)] == ["fraud"]
    assert crossport("models", "nothing", "--json", env=env).stdout.strip() == "[]"


def test_a_long_list_is_fetched_page_by_page(crossport: Run, env: dict[str, str]):
    for number in range(203):
        make_model(f"m{number}")
    done = crossport("models", "--limit", "203", "--json", env=env)
    assert len(json.loads(done.stdout)) == 203
    done = crossport("models", "--limit", "2", "--json", env=env)
    assert len(json.loads(done.stdout)) == 2
    assert "--limit" in done.stderr


def test_a_name_from_upstream_cannot_drive_the_terminal(crossport: Run, env: dict[str, str]):
    make_model("evil\x1b[2Jname")
    assert "\x1b" not in crossport("models", env=env).stdout


def test_versions_and_a_model_are_shown(crossport: Run, env: dict[str, str]):
    model = make_model("fraud", description="who cheats")
    make_version(model, 1)
    make_alias(make_version(model, 2, stage="Production"))
    versions = json.loads(crossport("versions", "fraud", "--json", env=env).stdout)
    assert [row["version"] for row in versions] == ["2", "1"]
    shown = crossport("show", "prod/fraud", env=env).stdout
    assert "who cheats" in shown
    assert "champion" in shown


@pytest.mark.parametrize("name", ["fraud/2", "prod/fraud/2", "fraud@champion"])
def test_a_version_is_shown_with_what_it_can_become(crossport: Run, env: dict[str, str], name: str):
    make_alias(make_version(make_model("fraud"), 2))
    done = crossport("show", name, env=env)
    assert done.returncode == 0, done.stderr
    assert "prod/fraud/2" in done.stdout
    assert "● can" in done.stdout


def test_a_name_that_several_sources_have_asks_which(crossport: Run, env: dict[str, str]):
    make_model("fraud")
    make_model("fraud", make_source("test"))
    done = crossport("show", "fraud", env=env)
    assert done.returncode == 1
    assert "prod/fraud" in done.stderr
    assert "test/fraud" in done.stderr


def test_export_waits_tells_the_steps_and_brings_the_bundle(
    crossport: Run, env: dict[str, str], tmp_path: Path
):
    make_alias(make_version(make_model("fraud")))
    worker = in_background(succeed)
    out = tmp_path / "out"
    done = crossport(
        *("export", "fraud@champion", "--target", "onnx", "--json", "--output-dir", out), env=env
    )
    worker.join()
    assert done.returncode == 0, done.stderr
    assert "✔ convert done" in done.stderr
    shown = json.loads(done.stdout)
    assert [path.name for path in out.iterdir()] == ["fraud-1.1-onnx.zip"]
    assert shown["file"] == str(out / "fraud-1.1-onnx.zip")
    assert (out / "fraud-1.1-onnx.zip").stat().st_size == shown["bundle"]["size"]


def test_export_without_wait_comes_back_at_once(crossport: Run, env: dict[str, str]):
    make_version(make_model("fraud"))
    done = crossport("export", "fraud/1", "--target", "onnx", "--json", env=env)
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "queued")
    assert f"/exports/{Job.objects.get().export_id}/" in done.stderr


@pytest.mark.parametrize(("state", "code"), [("refused", 1), ("crashed", 3), ("cancelled", 1)])
def test_export_ends_as_the_export_did(
    crossport: Run, env: dict[str, str], state: JobState, code: int
):
    make_version(make_model("fraud"))
    worker = in_background(end(state, "no_signature", "It has no signature."))
    done = crossport("export", "prod/fraud/1", "--target", "onnx", "--wait", env=env)
    worker.join()
    assert done.returncode == code, done.stderr
    assert state == "cancelled" or "It has no signature. [no_signature]" in done.stderr


def test_an_archive_with_another_sum_than_the_portals_is_not_kept(
    crossport: Run, env: dict[str, str], tmp_path: Path
):
    job = make_job(state="succeeded")
    bundle = make_bundle(job)
    from registry.storage import store

    blob = store().path(bundle.sha256)
    content = bytearray(blob.read_bytes())
    content[10] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(content)
    from cli.client import Client
    from cli.config import Login
    from cli.exports import _download
    from cli.outcomes import Crash

    client = Client(Login(env["CROSSPORT_URL"], env["CROSSPORT_TOKEN"]))
    with pytest.raises(Crash, match="sha256"):
        _download(client, bundle.pk, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_export_of_what_cannot_be_is_refused_with_the_portals_sentence(
    crossport: Run, env: dict[str, str]
):
    make_version(make_model("fraud"), mlmodel={"flavors": {"paddle": {}}}, flavors=["paddle"])
    done = crossport("export", "fraud/1", "--target", "onnx", "--wait", env=env)
    assert (done.returncode, "no_route" in done.stderr) == (1, True), done.stderr


def test_a_portal_that_is_not_there_could_not_be_reached(crossport: Run):
    done = crossport("models", env={"CROSSPORT_URL": "http://127.0.0.1:9"})
    assert (done.returncode, "unreachable" in done.stderr) == (4, True), done.stderr


def test_a_server_that_is_no_portal_could_not_be_reached(crossport: Run, live_server):
    done = crossport("models", env={"CROSSPORT_URL": live_server.url + "/accounts"})
    assert (done.returncode, "not_crossport" in done.stderr) == (4, True), done.stderr


@pytest.mark.parametrize("url", ["http://[bad", "http://host:99999", "ftp://host", "http://"])
def test_what_is_no_address_is_wrong_usage(crossport: Run, url: str):
    done = crossport("models", env={"CROSSPORT_URL": url})
    assert (done.returncode, "no address of a portal" in done.stderr) == (2, True), done.stderr


def test_without_a_portal_the_command_says_how_to_name_one(crossport: Run):
    done = crossport("models")
    assert (done.returncode, "crossport login URL" in done.stderr) == (2, True), done.stderr


def test_the_version_that_is_exported_must_be_named(crossport: Run, env: dict[str, str]):
    done = crossport("export", "fraud", "--target", "onnx", env=env)
    assert (done.returncode, "MODEL@ALIAS" in done.stderr) == (2, True), done.stderr
