"""What a source answers, and what each bad answer is called."""

import contextlib
import gzip
import hashlib
import json
import socket
import ssl
import subprocess
import threading

import pytest

from registry.connectors import SourceProblem, connect
from registry.connectors.artifacts import check_name
from registry.connectors.mlflow import MlflowConnector
from registry.connectors.model_uri import fetch_folder, parse, resolve

PROBLEM = "application/json"


def problem_of(url, act=lambda connector: connector.check(), **login):
    with pytest.raises(SourceProblem) as caught, connect("mlflow", url, **login) as connector:
        act(connector)
    return caught.value


def answering(status, content, kind="application/json", **headers):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda method, path: (status, {"Content-Type": kind, **headers}, body)


def test_an_address_where_nothing_listens_is_told():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        problem = problem_of(url)
    assert problem.code == "not_answering"
    assert url in problem.sentence


def test_a_name_that_no_resolver_knows_is_told():
    problem = problem_of("http://no-such-host.invalid")
    assert problem.code == "not_answering"


def test_a_server_that_never_answers_is_given_up(monkeypatch):
    import httpx

    monkeypatch.setattr("registry.connectors.http.TIMEOUT", httpx.Timeout(0.3))
    with socket.create_server(("127.0.0.1", 0)) as server:
        problem = problem_of(f"http://127.0.0.1:{server.getsockname()[1]}")
    assert (problem.code, "in time" in problem.sentence) == ("not_answering", True)


def test_a_page_in_place_of_an_api_is_told_with_what_to_look_for(serve):
    peer = serve(answering(200, b"<html>Welcome</html>", "text/html"))
    problem = problem_of(peer.url)
    assert problem.code == "not_mlflow"
    assert "HTML" in problem.sentence
    assert "portal" in problem.sentence


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (401, b"no", "needs_login"),
        (403, {"error_code": "PERMISSION_DENIED", "message": "no"}, "forbidden"),
        (500, b"boom", "server_error"),
        (503, {"error_code": "TEMPORARILY_UNAVAILABLE"}, "server_error"),
        (404, b"<h1>Not found</h1>", "not_mlflow"),
        (404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "?"}, "wrong_version"),
        (400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "?"}, "wrong_version"),
        (200, b"[1, 2]", "not_mlflow"),
        (200, b"{cut", "not_mlflow"),
        (200, b"[" * 100_000, "not_mlflow"),
    ],
)
def test_every_bad_answer_has_its_code_and_one_sentence(serve, status, content, code):
    peer = serve(answering(status, content))
    problem = problem_of(peer.url)
    assert problem.code == code
    assert peer.url in problem.sentence
    assert "\n" not in problem.sentence


@pytest.mark.parametrize(
    "content",
    [
        {"registered_models": "x"},
        {"registered_models": [3]},
        {"registered_models": [{}]},
        {"registered_models": [{"name": "m", "tags": [{"value": "1"}]}]},
        {"registered_models": [{"name": "m", "creation_timestamp": "yesterday"}]},
        {"registered_models": [{"name": "m", "creation_timestamp": 1e18}]},
        {"model_versions": [{"version": "1"}]},
        {"model_versions": [{"name": "m", "version": str(2**31)}]},
    ],
)
def test_rows_that_are_not_mlflows_are_told_and_are_no_crash(serve, content):
    peer = serve(answering(200, content))
    problem = problem_of(peer.url, lambda source: [*source.models(), *source.versions()])
    assert problem.code == "wrong_version"
    assert peer.url in problem.sentence
    assert "\n" not in problem.sentence


def test_an_answer_that_would_fill_the_memory_is_not_read_to_its_end(serve, monkeypatch):
    monkeypatch.setattr("registry.connectors.http.JSON_LIMIT", 100_000)
    bomb = gzip.compress(b'{"registered_models": [' + b" " * 10_000_000 + b"]}")
    problem = problem_of(serve(answering(200, bomb, **{"Content-Encoding": "gzip"})).url)
    assert problem.code == "too_large"


def test_a_page_not_found_is_never_taken_for_a_deleted_model(serve):
    peer = serve(answering(404, b"<h1>Not found</h1>", "text/html"))
    assert problem_of(peer.url, lambda connector: connector.model("m")).code == "not_mlflow"


def test_a_plain_server_behind_https_is_told(serve):
    peer = serve(answering(200, {}))
    problem = problem_of(peer.url.replace("http://", "https://"))
    assert problem.code == "tls"


def test_a_certificate_that_nobody_signed_is_told(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)),
        ],
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("no openssl on this machine")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            peer, _ = server.accept()
            with peer, contextlib.suppress(OSError):  # the client hangs up, as it should
                context.wrap_socket(peer, server_side=True).close()

        thread = threading.Thread(target=accept)
        thread.start()
        problem = problem_of(f"https://127.0.0.1:{server.getsockname()[1]}")
        thread.join(10)
    assert problem.code == "tls"


def test_a_redirect_is_not_followed_and_the_secret_stays_with_its_host(serve):
    other = serve(answering(200, {}))
    peer = serve(answering(302, b"", Location=f"{other.url}/login?next=1"))
    problem = problem_of(peer.url, username="reader", secret="hush-4711")
    assert problem.code == "redirects"
    assert f"{other.url}/login;" in problem.sentence
    assert other.asked == []
    assert "hush-4711" not in problem.sentence


def test_a_name_and_password_go_as_basic_a_token_alone_as_bearer(serve):
    peer = serve(answering(200, {}))
    for login in ({"username": "ann", "secret": "pw"}, {"secret": "tok"}, {}):
        with connect("mlflow", f"{peer.url}/team/mlflow/", **login) as connector:
            connector.check()
    sent = [
        headers.get("authorization", headers.get("Authorization")) for *_, headers in peer.asked
    ]
    assert sent == ["Basic YW5uOnB3", "Bearer tok", None]
    assert peer.asked[0][1].startswith("/team/mlflow/api/2.0/mlflow/registered-models/search")


def test_no_secret_is_in_what_a_connector_says_of_itself():
    with connect("mlflow", "http://127.0.0.1:9", "ann", "hush-4711") as connector:
        assert "hush" not in f"{connector!r} {connector}"


def test_an_empty_page_that_carries_a_token_is_not_the_end(serve):
    def answer(method, path):
        page: dict[str, object] = {"next_page_token": "x"}
        if "page_token=x" in path:
            page = {"registered_models": [{"name": "last"}]}
        return 200, {"Content-Type": PROBLEM}, json.dumps(page).encode()

    with connect("mlflow", serve(answer).url) as connector:
        assert [row.name for row in connector.models()] == ["last"]


def test_a_page_that_leads_to_itself_ends(serve):
    peer = serve(answering(200, {"next_page_token": "x"}))
    assert problem_of(peer.url, lambda connector: list(connector.models())).code == "wrong_version"


def test_prompts_are_not_models(serve):
    rows: list[dict[str, object]] = [
        {"name": "greeting", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]},
        {"name": "model"},
    ]
    with connect("mlflow", serve(answering(200, {"registered_models": rows})).url) as connector:
        assert [row.name for row in connector.models()] == ["model"]


def test_a_download_holds_every_file_with_its_own_sha256(mlflow_url, tmp_path):
    with connect("mlflow", mlflow_url) as connector:
        uri = connector.artifact_uri("credit-risk", 1)
        files = connector.download(uri, tmp_path)
    assert {"MLmodel", "model.pkl", "requirements.txt"} <= {file.path for file in files}
    assert [file.path for file in files] == sorted(file.path for file in files)
    for file in files:
        content = (tmp_path / file.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)
    assert sorted(path.name for path in tmp_path.rglob("*.part")) == []


def test_folders_in_a_model_are_downloaded_too(upstream, mlflow_url, tmp_path):
    name = upstream.model()
    upstream.version(name)
    with connect("mlflow", mlflow_url) as connector:
        uri = connector.artifact_uri(name, 1)
        upstream.put(uri, "code/deep er/ünit.py", "pass")
        files = connector.download(uri, tmp_path)
    assert [file.path for file in files] == ["MLmodel", "code/deep er/ünit.py"]


def test_vanished_artifacts_are_told(upstream, mlflow_url, tmp_path):
    name = upstream.model()
    upstream.version(name)
    with connect("mlflow", mlflow_url) as connector:
        uri = connector.artifact_uri(name, 1)
        upstream.remove_files(uri)
        with pytest.raises(SourceProblem) as caught:
            connector.download(uri, tmp_path)
        assert caught.value.code == "artifacts_gone"
        with pytest.raises(SourceProblem) as caught:
            connector.artifact_uri(name, 7)
        assert caught.value.code == "artifacts_gone"


def test_a_download_over_its_limit_is_stopped_and_leaves_no_half_file(mlflow_url, tmp_path):
    with connect("mlflow", mlflow_url) as connector:
        uri = connector.artifact_uri("credit-risk", 1)
        with pytest.raises(SourceProblem) as caught:
            connector.download(uri, tmp_path, limit=1000)
    assert caught.value.code == "too_large"
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) <= 1000


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../b", "a//b", "a\\b", "a\0b", "", "."])
def test_a_file_name_that_leaves_its_folder_is_not_accepted(name):
    with pytest.raises(SourceProblem) as caught:
        check_name(name)
    assert caught.value.code == "bad_name"


def test_a_source_that_names_files_outside_writes_nothing(serve, tmp_path):
    peer = serve(answering(200, {"files": [{"path": "../../evil", "is_dir": False}]}))
    problem = problem_of(
        peer.url, lambda connector: connector.download("mlflow-artifacts:/1/m", tmp_path / "in")
    )
    assert problem.code == "bad_name"
    assert list(tmp_path.rglob("evil")) == []


def test_a_connection_that_breaks_in_the_middle_of_a_file_leaves_no_file(serve, tmp_path):
    def answer(method, path):
        if "?path=" in path:
            content = {"files": [{"path": "MLmodel", "is_dir": False}]}
            return 200, {"Content-Type": PROBLEM}, json.dumps(content).encode()
        # Promises gzip and sends something else: the body cannot be read to its end.
        return 200, {"Content-Encoding": "gzip"}, b"not gzip"

    problem = problem_of(
        serve(answer).url, lambda connector: connector.download("mlflow-artifacts:/1/m", tmp_path)
    )
    assert problem.code == "not_answering"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_local_paths_are_read_only_where_the_server_is_on_this_machine(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "MLmodel").write_text("flavors: {}")
    (model / "secret").symlink_to("/etc/hostname")
    with connect("mlflow", "http://127.0.0.1:9") as connector:
        files = connector.download(model.as_uri(), tmp_path / "copy")
        assert [file.path for file in files] == ["MLmodel"]
        with pytest.raises(SourceProblem) as caught:
            connector.download(tmp_path.as_uri(), tmp_path / "other")
        assert caught.value.code == "artifacts_gone"
    problem = problem_of(
        "https://mlflow.example.org",
        lambda connector: connector.download(model.as_uri(), tmp_path / "no"),
    )
    assert problem.code == "artifact_scheme"


def test_an_artifact_proxy_on_another_host_gets_no_login(tmp_path):
    problem = problem_of(
        "http://127.0.0.1:9",
        lambda connector: connector.download("mlflow-artifacts://evil.example/1", tmp_path),
        secret="hush",
    )
    assert problem.code == "artifact_scheme"


def test_a_model_uri_names_a_version_an_alias_a_run_or_a_logged_model(mlflow_url):
    with MlflowConnector(mlflow_url) as connector:
        version = resolve(parse("models:/credit-risk/2"), connector)
        assert (version.model, version.version) == ("credit-risk", 2)
        assert resolve(parse("models:/credit-risk@champion"), connector) == version
        row = connector.version("credit-risk", 2)
        assert row is not None
        by_run = resolve(parse(f"runs:/{row.run_id}/credit-risk"), connector)
        assert by_run.artifact_uri == version.artifact_uri
        assert resolve(parse(row.source_uri), connector).artifact_uri == version.artifact_uri


@pytest.mark.parametrize(
    "uri", ["models:/credit-risk/99", "models:/credit-risk@no", "models:/no/1"]
)
def test_a_model_uri_that_names_nothing_is_told(mlflow_url, uri):
    problem = problem_of(mlflow_url, lambda connector: resolve(parse(uri), connector))
    assert problem.code == "not_found"
    assert uri in problem.sentence


def test_a_model_uri_of_no_known_form_is_told_with_the_forms_that_are():
    with pytest.raises(SourceProblem) as caught:
        parse("gopher://x/y")
    assert caught.value.code == "bad_uri"
    assert "models:/name/3" in caught.value.sentence


def test_a_folder_without_mlmodel_is_told(tmp_path):
    assert parse(str(tmp_path)).folder == tmp_path
    with pytest.raises(SourceProblem) as caught:
        fetch_folder(tmp_path, tmp_path / "copy", 1000)
    assert caught.value.code == "not_found"
