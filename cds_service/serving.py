"""Listening and serving: one process or several, and a sample order sent to a service that just started."""

import errno
import gc
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from cds_service.errors import SettingsFaulty
from cds_service.web.connections import BoundedConnection
from cds_service.web.worker_files import shared_by_workers

FACTORY: Final = "cds_service.serving:new_app"
KEEP_ALIVE_S: Final = 75  # longer than a proxy keeps an idle connection, so that it is the one to close it
NO_GARBAGE_BELOW: Final = 1_000_000  # objects that a start makes, most of them for good
GRACE_S: Final = 10  # how long requests under way may take once we are told to stop

FirstCall = Callable[[Callable[[], bool]], bool]


def look_for_garbage_later() -> None:
    """To be called before a process loads what it serves.

    Walking over what was loaded, again and again, is a tenth of the time: the app sets the collector as
    serving needs it.
    """
    gc.set_threshold(NO_GARBAGE_BELOW)


def new_app() -> ASGIApp:
    """What a worker serves: the app as the environment says."""
    look_for_garbage_later()
    from cds_service.app import create_app

    return create_app()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket (port 0: any free one). Raises SettingsFaulty when that cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsFaulty(
                f"port {port} on {host} is taken by another program; choose another with LIVER_CDS_PORT"
            ) from error
        raise SettingsFaulty(f"cannot listen on {host}:{port}: {error.strerror}") from error


def address(listening: socket.socket) -> str:
    """The base URL of a listening socket, as a browser on this machine would write it."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, listening: socket.socket, first_call: FirstCall | None = None) -> bool:
    """Serve in this process until it is told to stop (Ctrl-C ends it cleanly).

    `first_call` runs beside the server and is given a function that tells whether the server is still
    going. When it returns False the server stops, and so does this function return False.
    """
    server = uvicorn.Server(_config(app))
    with ThreadPoolExecutor(1) as beside:
        called = beside.submit(first_call, lambda: not server.should_exit) if first_call else None
        if called:
            called.add_done_callback(lambda done: _stop_unless_well(server, done))
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # uvicorn has shut down in order and hands the Ctrl-C on
        finally:
            server.should_exit = True
    return server.started and (called is None or called.result())


def serve_in_workers(listening: socket.socket, workers: int, factory: str = FACTORY) -> None:
    """Serve from several processes, each building the app (`module:function`) from the environment."""
    config = _config(factory, workers=workers)
    with shared_by_workers():
        Multiprocess(config, sockets=[listening]).run()


def _config(app: ASGIApp | str, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=workers,
        http=BoundedConnection,
        ws="none",
        lifespan="on",
        access_log=False,  # the service logs its consultations itself, without query strings
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


def _stop_unless_well(server: uvicorn.Server, done: "Future[bool]") -> None:
    if done.exception() or not done.result():
        server.should_exit = True
