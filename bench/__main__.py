"""`python -m bench`: everything measured in one run, written to bench/results.

Floors and service run at the same time and take turns, so that what else the machine does falls on all of
them alike; of every figure the median over the rounds counts.
"""

import argparse
from dataclasses import asdict

from bench import measure, report, steps
from bench.bodies import Body, bodies

ALL_PARTS = ("load", "blocking", "curve", "fetch", "steps")


def main() -> None:
    """Measure, and write tables, picture and raw figures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=int, default=2, help="of load, each time")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--parts", nargs="*", default=ALL_PARTS, choices=[*ALL_PARTS, "memory"])
    given = asked.parse_args()
    pace = measure.Pace(given.seconds, given.rounds)
    found = report.Results(machine=report.machine())
    kinds: tuple[Body, ...] = bodies()
    if "load" in given.parts:
        found.loads = [asdict(one) for one in measure.loads(kinds, pace)]
        found.starting = measure.starting(kinds[0])
    report.write(found)  # what there is, should the next part fail
    if "blocking" in given.parts:
        found.blocking = measure.blocking(kinds[0], kinds[2], pace)
    if "curve" in given.parts:
        found.resources = measure.by_resources(pace)
        found.length = measure.by_length(pace)
    if "fetch" in given.parts:
        found.fetching = measure.fetching(pace)
    if "steps" in given.parts:
        found.steps = {body.name: steps.of(body.content) for body in kinds}
    if "memory" in given.parts:
        found.memory = measure.memory(kinds[0])
    report.write(found)


if __name__ == "__main__":
    main()
