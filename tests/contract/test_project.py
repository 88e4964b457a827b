"""The repository's own promises: locks, container image, README, and what may stand in a file."""

import ast
import hashlib
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from cds_service.cli import cli
from cds_service.fhir.access.prefetch import TEMPLATES
from cds_service.settings import READERS

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")
README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_THE_IMAGE = {"tracing"}  # the extras that it is built with
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

# Directories where people and build machines keep their checkouts, and package index addresses.
MACHINE_PATH = re.compile(r"(?<![\w.~*-])/(?:home|root|Users|work|workspace)/\w")
PACKAGE_INDEX = re.compile(r"https?://\S*/(?:simple|pypi|npm)\b|--(?:extra-)?index-url|--find-links[ =]\W")

# uvicorn picks the first two up by itself when they are installed, SQLAlchemy the third by a URL, and
# markdown-it-py the last.
USED_WITHOUT_IMPORT = {"httptools", "uvloop", "psycopg", "linkify-it-py"}
IMPORTED_AS = {
    "fastapi-offline": "fastapi_offline",
    "google-re2": "re2",
    "markdown-it-py": "markdown_it",
    "prometheus-client": "prometheus_client",
    "pyyaml": "yaml",
}


def _tracked() -> Iterator[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return (path for path in paths if path.is_file())


def _pinned(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


def _project() -> dict[str, object]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    assert isinstance(project, dict)
    return project


def _dependencies() -> set[str]:
    stated = _project()["dependencies"]
    assert isinstance(stated, list)
    return {re.split(r"[\[<>=;\s]", entry)[0].lower() for entry in stated}


def test_no_file_names_a_machine_or_a_package_index() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _tracked()
        if path != Path(__file__)
        for text in [path.read_bytes().decode("utf-8", "ignore")]
        for match in [*MACHINE_PATH.finditer(text), *PACKAGE_INDEX.finditer(text)]
    ]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    requirements = [part for part in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE) if "==" in part]
    assert requirements
    assert [part.splitlines()[0] for part in requirements if "--hash=sha256:" not in part] == []
    assert "://" not in text


def test_the_locks_agree_with_each_other_and_with_the_project() -> None:
    runtime, build, dev = (_pinned(lock) for lock in LOCKS)
    assert runtime.items() <= dev.items()
    assert build.items() <= dev.items()
    assert {name.replace(".", "-") for name in _dependencies()} <= runtime.keys()


def test_what_is_optional_is_there_for_the_tests() -> None:
    extras = _project()["optional-dependencies"]
    assert isinstance(extras, dict)
    named = (entry for name, entries in extras.items() if name not in IN_THE_IMAGE for entry in entries)
    wanted = {re.split(r"[<>=;\[\s]", entry)[0] for entry in named}
    assert wanted
    assert wanted <= _pinned("requirements-dev.lock").keys()
    assert not wanted & _pinned("requirements.lock").keys()


@pytest.mark.parametrize("folder", ["peers", "browser"])
def test_the_npm_locks_have_exact_versions_hashes_and_no_address(folder: str) -> None:
    """Of what only the tests use; a pin in package.json, and what it needs in the lock."""
    here = ROOT / "tests" / folder
    wanted = json.loads((here / "package.json").read_text(encoding="utf-8"))["dependencies"]
    text = (here / "package-lock.json").read_text(encoding="utf-8")
    locked = {
        path.removeprefix("node_modules/"): entry
        for path, entry in json.loads(text)["packages"].items()
        if path
    }
    assert wanted.items() <= {name: entry["version"] for name, entry in locked.items()}.items()
    hashes = [entry.get("integrity", "") for entry in locked.values()]
    assert [value for value in hashes if not value.startswith("sha512-")] == []
    assert "://" not in text


def test_files_of_others_are_unchanged_and_keep_their_licences() -> None:
    folder = ROOT / "cds_service" / "workbench"
    told = (folder / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([\w.-]+)` .* `([0-9a-f]{64})` \|$", told, re.MULTILINE))
    ours = {"site.css", "bench.js", "charts.js", "icon.svg"}
    assert listed.keys() == {file.name for file in (folder / "static").iterdir()} - ours
    for name, digest in listed.items():
        assert hashlib.sha256((folder / "static" / name).read_bytes()).hexdigest() == digest
        assert list((folder / "licences").glob(f"{name.split('.')[0]}*.txt"))


def test_every_runtime_dependency_is_imported() -> None:
    imported = {name for path in ROOT.glob("c*/**/*.py") for name in _imports(path)}
    expected = {IMPORTED_AS.get(name, name) for name in _dependencies() - USED_WITHOUT_IMPORT}
    assert expected <= imported


def test_cards_imports_the_standard_library_only() -> None:
    for path in (ROOT / "cards").glob("*.py"):
        foreign = _imports(path) - sys.stdlib_module_names - {"cards"}
        assert foreign == set(), path.name


def _imports(path: Path) -> set[str]:
    """Top-level names of all absolute imports in a file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def _dockerfile() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for line in lines if line for word, _, rest in [line.partition(" ")]]


def test_the_image_is_built_in_two_stages_from_hashed_locks() -> None:
    instructions = _dockerfile()
    assert [word for word, _ in instructions].count("FROM") == 2
    runs = [json.loads(rest) for word, rest in instructions if word == "RUN"]  # exec form only: no shell
    installs = [run for run in runs if "install" in run and "-r" in run]
    assert {run[-1] for run in installs} == {"requirements.lock", "requirements-build.lock"}
    assert all("--require-hashes" in run for run in installs)
    assert [run[1:] for run in runs if run[0].endswith("liver-cds")] == [["check"]]


def test_the_image_runs_without_privileges_and_can_be_probed() -> None:
    instructions = _dockerfile()
    final = instructions[max(index for index, (word, _) in enumerate(instructions) if word == "FROM") :]
    stated = dict(final)
    assert stated["USER"] == "65532:65532"
    assert "/livez" in stated["HEALTHCHECK"]
    assert "RUN" not in stated
    assert json.loads(stated["ENTRYPOINT"]) == ["liver-cds"]
    assert "LIVER_CDS_HOST" not in stated["ENV"]


def test_what_the_image_copies_is_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        name
        for word, rest in _dockerfile()
        if word == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    }
    assert copied == allowed


def test_commands_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", _code(README))) <= targets
    commands = set(typer.main.get_group(cli).commands)
    assert set(re.findall(r"\bliver-cds ([a-z]+)", _code(README))) == commands


def test_files_that_the_readme_names_exist() -> None:
    names = set(re.findall(r"`((?:cards|cds_service|tests|docs|examples)/[\w./-]+)`", README))
    names |= set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", README))
    names |= set(re.findall(r"examples/[\w-]+\.json", README))
    assert names
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


def test_every_setting_is_documented_in_the_readme() -> None:
    documented = re.findall(r"^\| `LIVER_CDS_([A-Z_]+)`", README, re.MULTILINE)
    assert sorted(documented) == sorted({*READERS, "TENANTS"})


def test_the_readme_shows_the_prefetch_that_discovery_asks_for() -> None:
    blocks = [
        json.loads(block) for block in re.findall(r"^ *```json\n(.*?)```", README, re.DOTALL | re.MULTILINE)
    ]
    assert dict(TEMPLATES) in blocks


def test_the_readme_shows_the_answer_that_the_service_gives() -> None:
    sample = "examples/reference-patient-pet-ct.json"
    program = str(Path(sys.executable).with_name("liver-cds"))
    command = [program, "explain", sample, "--json", "--today", "2026-11-22"]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    answer = json.loads(ran.stdout)["response"]
    shown = [block for block in _json_blocks(README) if "cards" in block]
    assert len(shown) == 1
    assert list(_differences(shown[0], answer)) == []


def _differences(shown: object, real: object, path: str = "answer") -> Iterator[str]:
    """Where an abridged value says something else: members may be left out, and ends of lists and texts."""
    if isinstance(shown, dict) and isinstance(real, dict):
        for name, value in shown.items():
            yield from _differences(value, real.get(name), f"{path}.{name}")
    elif isinstance(shown, list) and isinstance(real, list) and len(shown) <= len(real):
        for number, (value, found) in enumerate(zip(shown, real, strict=False)):
            yield from _differences(value, found, f"{path}[{number}]")
    elif isinstance(shown, str) and shown.endswith("…"):
        if not str(real).startswith(shown.removesuffix("…")):
            yield path
    elif shown != real:
        yield path


def _json_blocks(markdown: str) -> list[dict[str, object]]:
    blocks = re.findall(r"^ *```json\n(.*?)```", markdown, re.DOTALL | re.MULTILINE)
    return [json.loads(block) for block in blocks]


def test_the_installed_version_is_the_projects() -> None:
    assert importlib.metadata.version("liver-lesion-cds") == _project()["version"]


def _code(markdown: str) -> str:
    """Everything in backticks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", markdown, re.DOTALL))
