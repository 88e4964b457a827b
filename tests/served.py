"""The real program for tests: `liver-cds serve` in a process of its own, on a free port of loopback."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

BOOT_S = 240.0  # a machine that does other things as well may take long over several processes
PROGRAM = Path(sys.executable).with_name("liver-cds")


@dataclass(frozen=True)
class Served:
    """A running service: its process, its address (no slash at the end), and what it has written so far."""

    process: "subprocess.Popen[bytes]"
    base: str
    log: Path

    def written(self) -> str:
        """Standard output and error, as far as they were written."""
        return self.log.read_text(encoding="utf-8")

    def client(self) -> httpx.Client:
        """A client that keeps its connections."""
        return httpx.Client(base_url=self.base, timeout=60, trust_env=False)


@contextmanager
def served(*options: str, **environ: str) -> Iterator[Served]:
    """The service, once it is ready. Killed in the end.

    `environ`: `TENANTS="…"` sets `LIVER_CDS_TENANTS`; a variable of OpenTelemetry keeps its name.
    """
    own = {name if name.startswith("OTEL_") else f"LIVER_CDS_{name}": to for name, to in environ.items()}
    with tempfile.NamedTemporaryFile(suffix=".log") as out:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--port", "0", *options],
            stdout=out,
            stderr=out,
            env={**_plain(os.environ), **own},
            start_new_session=True,
        )
        try:
            yield Served(process, _address(process, out), Path(out.name))
        finally:
            _end_all(process)


def _end_all(process: "subprocess.Popen[bytes]") -> None:
    """Its workers too: they outlive one that was killed."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    """Without settings of whoever runs the tests."""
    own = ("LIVER_CDS_", "OTEL_", "PROMETHEUS_")
    return {name: value for name, value in environ.items() if not name.startswith(own)}


def _address(process: "subprocess.Popen[bytes]", out: "IO[bytes]") -> str:
    give_up = time.monotonic() + BOOT_S
    while time.monotonic() < give_up and process.poll() is None:
        for line in Path(out.name).read_text(encoding="utf-8").splitlines():
            if line.startswith("Serving at "):
                base = line.split()[2]
                if _ready(base):
                    return base
        time.sleep(0.05)
    raise RuntimeError(f"the service did not start: {Path(out.name).read_text(encoding='utf-8')[-4000:]}")


def _ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/livez", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
