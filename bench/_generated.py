"""Fitted models as bundles whose Java is compiled, for the benches of the generated code."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from converters import contract
from converters.bundle.build import build
from converters.java import names
from workers import environments, jars
from workers.jvm import runtime

FEATURES = 30


@dataclass(frozen=True)
class Generated:
    """A bundle and its classes, with the model and golden rows where these look for them."""

    bundle: Path
    classes: Path
    prefix: str
    package: str
    class_path: str

    def java(self, main: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
        """What a class of the package prints."""
        command = ["java", *options, "-cp", self.class_path, f"{self.package}.{main}", *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout


def fitted(kind: str) -> tuple[Any, Any]:
    """A classifier over 30 float32 features, and rows: `logistic` or `forest` (100 trees)."""
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(3)
    rows = random.normal(size=(2000, FEATURES)).astype(np.float32)
    labels = (rows[:, :5].sum(axis=1) + random.normal(size=2000) > 0).astype(int)
    models = {
        "logistic": LogisticRegression(max_iter=500),
        "forest": RandomForestClassifier(100, max_depth=10, random_state=0),
    }
    return models[kind].fit(rows, labels), rows


def generated(folder: Path, kind: str, driver: Path | None = None) -> Generated:
    """Convert, prove and render a model, and compile its Java with a driver in its package."""
    from tests.converters import jobs as untyped

    jobs: Any = untyped
    model, rows = fitted(kind)
    import pandas as pd

    table = pd.DataFrame(rows, columns=[f"f{i}" for i in range(FEATURES)])
    saved = jobs.save(folder / "saved", model, table)
    identity = contract.Identity("bench", kind, "1")
    job = jobs.make_job(folder / "job", saved, build=1)
    asked = contract.read(contract.Request, job / contract.REQUEST_FILE)
    contract.write(replace(asked, identity=identity), job / contract.REQUEST_FILE)
    jobs.convert(job)
    jobs.judge(job)
    build(job)
    package = names.package("models", kind)
    return compiled(job / contract.BUNDLE_DIR, folder, names.prefix(kind), package, driver)


def each(driver: Path) -> Iterator[tuple[str, Path, Generated]]:
    """Both kinds in turn, each with the folder that it is made in and with the driver compiled."""
    with tempfile.TemporaryDirectory(prefix="crossport-bench-") as place:
        for kind in ("logistic", "forest"):
            folder = Path(place) / kind
            folder.mkdir()
            yield kind, folder, generated(folder, kind, driver)


def compiled(
    bundle: Path, folder: Path, prefix: str, package: str, driver: Path | None
) -> Generated:
    """The bundle's classes and resources as its jar has them."""
    found = jars.ready(runtime.JARS, environments.default_folder(), print, lambda: False)
    path = os.pathsep.join(str(jar) for jar in sorted(found.glob("*.jar")))
    sources, classes = folder / "sources", folder / "classes"
    shutil.copytree(bundle / "java/src/main/java", sources)
    place = sources / package.replace(".", "/")
    for test in (bundle / "java/src/test/java" / package.replace(".", "/")).glob("Golden*.java"):
        shutil.copy(test, place)
    if driver is not None:
        text = driver.read_text(encoding="utf-8")
        text = text.replace("PACKAGE", package).replace("PREFIX", prefix)
        (place / driver.name).write_text(text, encoding="utf-8")
    files = [str(one) for one in sources.rglob("*.java")]
    command = ["javac", "-encoding", "UTF-8", "-proc:none", "-cp", path, "-d", str(classes)]
    subprocess.run([*command, *files], check=True)
    home = classes / package.replace(".", "/")
    shutil.copytree(bundle / "golden", home / "golden")
    shutil.copy(bundle / "model.onnx", home)
    return Generated(bundle, classes, prefix, package, f"{classes}{os.pathsep}{path}")
