"""A FHIR server that holds one request's prefetch and answers each query after a while."""

import asyncio
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import orjson
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.bodies import KEYS
from bench.charts import PATIENT
from bench.servers import free_port

DELAY_S: Final = 0.1


def app(prefetch: Path) -> ASGIApp:
    """Answers `/Type?…` and `/Patient/x` with what the prefetch holds of that type."""
    held = orjson.loads(prefetch.read_bytes())

    async def answer(scope: Scope, _: Receive, send: Send) -> None:
        await asyncio.sleep(DELAY_S)
        kind = scope["path"].split("/")[1]
        # Whoever is asked for: the load generator makes every patient another one.
        body = orjson.dumps(held[KEYS[kind]]) if kind in KEYS else b"{}"
        if kind == "Patient":
            body = body.replace(PATIENT.encode(), scope["path"].split("/")[2].encode())
        else:
            asked = scope["query_string"].decode().partition("patient=")[2].partition("&")[0]
            body = body.replace(PATIENT.encode(), asked.encode())
        headers = [(b"content-type", b"application/fhir+json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


@contextmanager
def slow_server(body: bytes) -> Iterator[str]:
    """The base URL of such a server; it stops on leaving."""
    port = free_port()
    with tempfile.NamedTemporaryFile() as file:
        file.write(orjson.dumps(orjson.loads(body)["prefetch"]))
        file.flush()
        command = [sys.executable, "-m", "bench.fhir", file.name, str(port)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            base = f"http://127.0.0.1:{port}"
            _await(f"{base}/Patient/x")
            yield base
            process.terminate()


def _await(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - loopback
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"no answer at {url}")


def unsent(body: bytes, base: str) -> bytes:
    """The same request without prefetch, to be fetched at `base`."""
    asked = orjson.loads(body)
    del asked["prefetch"]
    return orjson.dumps({**asked, "fhirServer": base})


if __name__ == "__main__":
    uvicorn.run(app(Path(sys.argv[1])), port=int(sys.argv[2]), lifespan="off", log_level="error")
