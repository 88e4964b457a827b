"""The results as raw figures, a page and a picture, with the machine they are from."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.page import page
from bench.picture import picture

HERE: Final = Path(__file__).parent / "results"
LIBRARIES: Final = ("uvicorn", "uvloop", "httptools", "fastapi", "orjson", "msgspec", "google-re2")


@dataclass
class Results:
    """All that one run found; a part that was not measured is empty."""

    machine: dict[str, str]
    loads: list[dict[str, Any]] = field(default_factory=list)
    starting: dict[str, float] = field(default_factory=dict)
    blocking: dict[str, float] = field(default_factory=dict)
    resources: dict[str, dict[str, float]] = field(default_factory=dict)
    length: dict[str, dict[str, float]] = field(default_factory=dict)
    fetching: dict[str, float] = field(default_factory=dict)
    steps: dict[str, dict[str, float]] = field(default_factory=dict)
    memory: list[tuple[int, float]] = field(default_factory=list)  # requests so far, MB


def machine() -> dict[str, str]:
    """What it was measured on, and how busy that was."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")
    described = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(described, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "commit": commit,
        "load average at the start": f"{os.getloadavg()[0]:.1f}",
    }


def write(results: Results) -> None:
    """Page, picture and figures. Parts that this run left out stay as an earlier one found them."""
    HERE.mkdir(exist_ok=True)
    path = HERE / "figures.json"
    earlier = json.loads(path.read_text()) if path.exists() else {}
    kept = {name: value or earlier.get(name, value) for name, value in asdict(results).items()}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    (HERE / "README.md").write_text(page(kept), encoding="utf-8")
    (HERE / "ratios.svg").write_text(picture(kept["loads"]), encoding="utf-8")
