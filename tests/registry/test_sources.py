"""Sources: what is accepted, what is refused and how secrets are kept."""

import logging

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from registry import secrets
from registry.connectors import SourceProblem
from registry.models import RegisteredModel, Source
from registry.sources import add_source, connect_source, remove_source
from registry.sync import sync_source

pytestmark = pytest.mark.django_db


def refusal(**over):
    wanted = {"slug": "prod", "url": "https://mlflow.example.org", **over}
    with pytest.raises(SourceProblem) as caught:
        add_source(**wanted)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "mlflow.example.org",
        "ftp://x",
        "https://",
        "http://x:99999",
        "http://x/?a=1",
        "http://[x",
        "",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(url):
    assert refusal(url=url).code == "bad_url"
    assert not Source.objects.exists()


def test_a_login_inside_the_address_is_refused_and_not_repeated():
    problem = refusal(url="https://ann:hush@mlflow.example.org")
    assert problem.code == "bad_url"
    assert "hush" not in problem.sentence


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"slug": "a b"}, "bad_slug"),
        ({"maven_group": "com..x"}, "bad_group"),
        ({"kind": "ftp"}, "unknown_kind"),
        ({"username": "a:b", "password": "x"}, "bad_login"),
        ({"username": "ann"}, "bad_login"),
    ],
)
def test_every_other_bad_field_has_its_code(over, code):
    assert refusal(**over).code == code


def test_a_name_is_given_once():
    add_source("prod", "https://mlflow.example.org")
    assert refusal().code == "slug_taken"


def test_a_probe_stores_only_what_answers(mlflow_url):
    assert refusal(url="http://127.0.0.1:9", probe=True).code == "not_answering"
    assert not Source.objects.exists()
    assert add_source("prod", f"{mlflow_url}/", probe=True).url == mlflow_url


def test_a_secret_is_stored_encrypted_and_never_shown(serve, caplog):
    peer = serve(lambda method, path: (401, {}, b""))
    source = add_source("prod", peer.url, username="ann", password="hush-4711")
    source.refresh_from_db()
    assert b"hush" not in bytes(source.secret)
    with caplog.at_level(logging.DEBUG):
        run = sync_source(source)
    assert run.code == "needs_login"
    sent = {name.lower(): value for name, value in peer.asked[0][2].items()}
    assert sent["authorization"] == "Basic YW5uOmh1c2gtNDcxMQ=="
    with connect_source(source) as connector:
        shown = f"{source!r} {source} {connector!r} {run!r} {run.sentence} {caplog.text}"
    assert "hush" not in shown
    assert "YW5uOmh1c2gtNDcxMQ" not in shown


def test_a_secret_of_another_secret_key_is_told(settings):
    source = add_source("prod", "https://mlflow.example.org", password="tok")
    settings.SECRET_KEY = "another"
    with pytest.raises(SourceProblem) as caught:
        connect_source(source)
    assert caught.value.code == "secret_unreadable"
    assert sync_source(source).code == "secret_unreadable"


def test_a_rotated_secret_key_still_reads_what_the_old_one_stored(settings):
    sealed = secrets.seal("tok")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "new"
    assert secrets.unseal(sealed) == "tok"


def test_a_removed_source_takes_its_mirror_with_it(mlflow_url):
    source = add_source("prod", mlflow_url)
    sync_source(source)
    assert RegisteredModel.objects.filter(source=source).exists()
    remove_source(source)
    assert not Source.objects.exists()
    assert not RegisteredModel.objects.exists()


def test_the_commands_connect_and_mirror(mlflow_url, capsys):
    call_command("add_source", "prod", mlflow_url)
    call_command("sync", "prod")
    assert "prod: " in capsys.readouterr().out
    with pytest.raises(CommandError, match="no source nope"):
        call_command("sync", "nope")
    with pytest.raises(CommandError, match="does not answer"):
        call_command("add_source", "other", "http://127.0.0.1:9")
