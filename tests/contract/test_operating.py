"""docs/operating.md: its commands, typed as they stand there on a machine of their own directory."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from cds_service.app import STORE_TROUBLE
from cds_service.auth.tokens import Why
from cds_service.fhir.access.prefetch import TEMPLATES, TYPES
from cds_service.web.admission import ACCEPTED_UNCHECKED
from cds_service.web.services import SERVICES
from tests.fhir_server import free_port
from tests.postgresql import OWNER, Cluster, binaries, running_cluster

ROOT = Path(__file__).parents[2]
ONBOARDING = (ROOT / "docs" / "onboarding.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
TRIED = re.compile(r"<!-- tried from here -->(.*?)<!-- tried up to here -->", re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """The blocks between the marks, in order."""
    return [block for part in TRIED.findall(PAGE) for block in COMMANDS.findall(part)]


@dataclass(frozen=True)
class Trial:
    """A directory in which the page was followed. `said`: standard output."""

    directory: Path
    said: str
    complained: str

    def read(self, name: str) -> str:
        return (self.directory / name).read_text(encoding="utf-8")


def _here(script: str, cluster: Cluster) -> str:
    """The page's commands with this machine's database and free ports in the place of the page's."""
    ports = {port: str(free_port()) for port in ("8001", "8002", "8443")}
    copied = 'cp "$SOURCE/deploy/nginx.conf" conf/nginx.conf'
    assert copied in script
    changes = "; ".join(f"s/{port}/{free}/g" for port, free in ports.items())
    for port, free in ports.items():
        script = script.replace(port, free)
    script = script.replace(copied, f"sed '{changes}' \"$SOURCE/deploy/nginx.conf\" >conf/nginx.conf")
    script = script.replace("sudo -u postgres ", f"PGHOST={cluster.directory} PGUSER={OWNER} ")
    return script.replace("@127.0.0.1/liver_cds", f"@/liver_cds?host={cluster.directory}")


def _follow(script: str, directory: Path) -> Trial:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LIVER_CDS_")}
    environ |= {
        "SOURCE": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{binaries()}:{environ['PATH']}:/usr/sbin",
    }
    with (directory / "out").open("wb") as out, (directory / "err").open("wb") as err:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=directory, env=environ, stdout=out, stderr=err,
            check=False, timeout=300,
        )  # fmt: skip
    trial = Trial(directory, (directory / "out").read_text(), (directory / "err").read_text())
    logs = "".join(path.read_text()[-2000:] for path in directory.glob("run/*.log"))
    assert done.returncode == 0, f"{trial.said}\n{trial.complained}\n{logs}"
    return trial


def _end(directory: Path) -> None:
    """Whatever the page started, by the numbers that it wrote down."""
    for file in directory.glob("run/*.pid"):
        with suppress(ProcessLookupError, ValueError):
            os.kill(int(file.read_text()), signal.SIGTERM if file.stem == "nginx" else signal.SIGKILL)


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    with running_cluster() as cluster, tempfile.TemporaryDirectory(prefix="trial-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        try:
            yield _follow(_here("\n".join(commands()), cluster), directory)
        finally:
            _end(directory)


def test_following_the_page_answers_as_the_page_says(trial: Trial) -> None:
    statuses = re.findall(r"^\d{3}$", trial.said, re.MULTILINE)
    promised = re.findall(r"^order .*# (\d{3})", "\n".join(commands()), re.MULTILINE)
    assert statuses == promised
    assert len(promised) >= 5
    assert "guideline content: no faults" in trial.said
    assert trial.said.count('"status":"ready"') == 2


def test_the_switch_silenced_it(trial: Trial) -> None:
    assert '{"cards":[]}' in trial.said
    answer = orjson.loads(trial.read("run/answer.json"))
    assert answer == {"cards": []}


def test_one_request_has_one_id_at_the_proxy_and_in_the_replicas(trial: Trial) -> None:
    ids = set(re.findall(r" POST .* ([0-9a-f]{32}) ", trial.read("run/access.log")))
    logged = "".join(path.read_text() for path in trial.directory.glob("run/80*.log"))
    logged += "".join(path.read_text() for path in trial.directory.glob("run/*.log"))
    assert len(ids) >= 4
    assert all(f'"request_id":"{name}"' in logged for name in ids)


def test_files_that_the_page_names_exist() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGE)
    named = re.findall(r"`((?:deploy|docs|examples|tests)/[\w./-]+)`", PAGE)
    assert [name for name in links if not (ROOT / "docs" / name).resolve().exists()] == []
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_sheet_for_analysts_shows_the_prefetch_that_discovery_asks_for() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```", ONBOARDING, re.DOTALL | re.MULTILINE)
    assert orjson.loads(shown) == dict(TEMPLATES)


def test_the_sheet_for_analysts_names_every_address_and_scope() -> None:
    for service in SERVICES:
        assert f"https://cds.example/cds-services/{service.id}`" in ONBOARDING
        assert service.hook in ONBOARDING
    assert [kind for kind in TYPES.values() if kind not in ONBOARDING] == []


def test_the_sheet_for_analysts_explains_every_refusal() -> None:
    table = ONBOARDING[ONBOARDING.index("## When calls are refused") :]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`([\w-]+)`", " ".join(first))) == sorted([*Why, ACCEPTED_UNCHECKED])


def test_the_log_events_that_the_page_explains_exist() -> None:
    rows = re.search(r"\| event \| means \|\n(.*?)\n\n", PAGE, re.DOTALL)
    assert rows
    named = re.findall(r"`([a-z: ]+)`", " ".join(row.split("|")[1] for row in rows[1].splitlines()))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "cds_service").rglob("*.py"))
    made = {name for name in named if name.startswith("store ")}  # put together from the kind of event
    assert named
    assert [name for name in named if f'"{name}"' not in code and name not in made] == []
    assert made == {f"store {kind}" for kind in STORE_TROUBLE}
