"""Identifiers: well-formed, never the same twice, and in order where they are to be."""

import subprocess
import sys
from uuid import RFC_4122, UUID

from cds_service.identifiers import AT_ONCE, random_id, timed_id

MANY = 5 * AT_ONCE


def test_random_ones_are_of_version_4_and_all_different() -> None:
    made = [random_id() for _ in range(MANY)]
    assert len(set(made)) == MANY
    assert {(UUID(each).version, UUID(each).variant) for each in made} == {(4, RFC_4122)}
    assert all(str(UUID(each)) == each for each in made)


def test_timed_ones_are_of_version_7_and_in_the_order_of_time() -> None:
    made = [timed_id() for _ in range(MANY)]
    assert len(set(made)) == MANY
    assert {(UUID(each).version, UUID(each).variant) for each in made} == {(7, RFC_4122)}
    assert [each[:13] for each in made] == sorted(each[:13] for each in made)


FORK = """
import os
from cds_service.identifiers import random_id
random_id()
if child := os.fork():
    os.waitpid(child, 0)
print(*(random_id() for _ in range(3)), flush=True)
"""


def test_a_forked_process_makes_others() -> None:
    made = subprocess.run([sys.executable, "-c", FORK], check=True, capture_output=True).stdout.split()
    assert len(set(made)) == len(made) == 6
