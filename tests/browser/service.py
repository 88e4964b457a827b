"""The service as a process of its own, for a browser to visit."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOT_S = 60.0
ADDRESS = re.compile(r"Serving at (http://\S+)")


@contextmanager
def running(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a service that listens on a free port of loopback; ended in the end.

    `settings`: `LIVER_CDS_` variables; whoever runs the tests adds none.
    """
    program = Path(sys.executable).with_name("liver-cds")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LIVER_CDS_")}
    environ |= {"PYTHONUNBUFFERED": "1", "COLUMNS": "200", "LIVER_CDS_PORT": "0", **(settings or {})}
    out = folder / "service.txt"
    with out.open("wb") as written:
        process = subprocess.Popen(
            [program, "serve"], cwd=ROOT, stdout=written, stderr=subprocess.STDOUT, env=environ
        )
    try:
        yield _address(process, out)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _address(process: "subprocess.Popen[bytes]", out: Path) -> str:
    give_up = time.monotonic() + BOOT_S
    while time.monotonic() < give_up and process.poll() is None:
        text = out.read_text(encoding="utf-8")
        found = ADDRESS.search(text)
        if found and "started" in text:
            return found[1]
        time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"the service did not start: {out.read_text(encoding='utf-8')[-2000:]}")
