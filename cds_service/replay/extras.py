"""Packages that only replay needs: loaded when used, with a message that says how to get them."""

from importlib import import_module
from types import ModuleType

from cds_service.errors import ReplayImpossible

EXTRAS = {
    "duckdb": "replay",
    "matplotlib": "replay",
    "pyarrow": "replay",
    "pandas": "spark",
    "pyspark": "spark",
}


def load(name: str) -> ModuleType:
    """The module `name` ("pyarrow.parquet"). Raises ReplayImpossible when its package is not installed."""
    package = name.partition(".")[0]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise  # a fault inside the package, which another package would not cure
        extra = EXTRAS[package]
        raise ReplayImpossible(
            f"This needs the package {package}, which is not installed:"
            f" pip install 'liver-lesion-cds[{extra}]'"
        ) from None
