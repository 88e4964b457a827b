"""`python -m bench.serve APP PORT WORKERS`: a floor or the service, with the very same server settings."""

import sys

from uvicorn.importer import import_from_string

from cds_service import serving
from cds_service.serving import FACTORY


def main(factory: str, port: int, workers: int) -> None:
    """Serve until told to stop."""
    with serving.listen("127.0.0.1", port) as listening:
        if workers > 1:
            serving.serve_in_workers(listening, workers, factory)
        else:
            serving.serve(import_from_string(factory)(), listening)


if __name__ == "__main__":
    main(sys.argv[1] or FACTORY, int(sys.argv[2]), int(sys.argv[3]))
