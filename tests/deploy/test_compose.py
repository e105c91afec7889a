"""What docker-compose.yml and the Dockerfile promise an operator."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SERVICES = COMPOSE["services"]
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def _ends_by_itself(service):
    name = next(name for name, value in SERVICES.items() if value is service)
    waits = [other.get("depends_on", {}).get(name, {}) for other in SERVICES.values()]
    return {"condition": "service_completed_successfully"} in waits


@each_service
def test_every_service_that_stays_says_whether_it_is_healthy(service):
    assert _ends_by_itself(service) or service["healthcheck"]["test"]


@each_service
def test_every_image_is_pinned(service):
    tag = service["image"].rpartition(":")[2]
    assert re.match(r"\d+\.\d+", tag)


@each_service
def test_every_service_runs_as_an_ordinary_user_on_a_read_only_file_system(service):
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")


@each_service
def test_services_wait_for_others_to_be_healthy_and_not_only_started(service):
    for wait in service.get("depends_on", {}).values():
        assert wait["condition"] in {"service_healthy", "service_completed_successfully"}


@each_service
def test_no_secret_has_a_value_in_the_file(service):
    for name, value in (service.get("environment") or {}).items():
        if re.search("SECRET|PASSWORD|TOKEN", name):
            assert re.fullmatch(r"\$\{[A-Z_]+:\?.+\}", value), name


def test_only_nginx_is_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]


def test_the_gpu_worker_starts_only_when_asked_for():
    profiles = {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one}
    assert profiles == {"worker-gpu": ["gpu"]}


def test_the_broker_neither_forgets_nor_drops_messages():
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


@pytest.mark.parametrize("target", ["web", "worker", "worker-gpu"])
def test_every_target_that_compose_builds_is_in_the_dockerfile(target):
    assert re.search(rf"(?m)^FROM \S+ AS {target}$", DOCKERFILE)


def test_the_web_image_installs_no_converter():
    web = (ROOT / "requirements-web.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"(?m)^([a-z0-9-]+)==", web))
    assert not names & {"numpy", "scikit-learn", "onnx", "onnxruntime", "mlflow", "pandas"}
    assert re.search(r"(?m)^COPY --from=web-packages /opt/venv /opt/venv$", DOCKERFILE)


def test_cpu_and_gpu_runtimes_are_never_installed_together():
    for name, wanted in {
        "requirements.txt": {"onnxruntime"},
        "requirements-gpu.txt": {"onnxruntime-gpu"},
    }.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert set(re.findall(r"(?m)^(onnxruntime[a-z-]*)==1\.29\.", text)) == wanted


def _stage(name: str) -> str:
    """The lines of one stage of the Dockerfile."""
    found = re.search(rf"(?ms)^FROM \S+ AS {name}$(.*?)(?=^FROM |\Z)", DOCKERFILE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("target", ["web", "worker", "worker-gpu"])
def test_isolated_children_and_the_exports_identity_find_the_project_in_every_image(target):
    # `python -I -m converters` sees the environment only, and so does importlib.metadata.
    assert re.search(r"(?m)^COPY --from=project /opt/venv /opt/venv$", _stage(target))
    assert "--editable /app" in _stage("project")


def test_what_the_project_is_installed_from_is_what_the_images_run():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {
        name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    for stage in ("project", "base"):
        copied = set(re.findall(r"(?m)^COPY (\S+) \1$", _stage(stage)))
        assert packages <= copied, stage
    assert project["project"]["readme"] in _stage("project")


def test_docker_is_given_every_file_that_the_dockerfile_copies():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    given = [line.removeprefix("!") for line in lines if line.startswith("!")]
    for words in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", DOCKERFILE):
        for source in words.split():
            assert list(ROOT.glob(source)), source
            assert any(Path(source).match(one) or source.startswith(f"{one}/") for one in given)
