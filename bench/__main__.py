"""`python -m bench`: everything measured in one run, written to bench/results.

Floors and service run at the same time and take turns, so that what else the machine does falls on all of
them alike; of every figure the median over the rounds counts.
"""

import argparse
import time

from bench import measure, report, steps
from bench.bodies import bodies

PARTS = ("load", "start", "blocking", "curve", "fetch", "steps", "memory")


def main() -> None:
    """Measure, and write page, picture and raw figures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=int, default=1, help="of load, each time")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--memory-seconds", type=int, default=180, help="at most, for its 100,000 requests")
    asked.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    given = asked.parse_args()
    pace = measure.Pace(given.seconds, given.rounds, given.memory_seconds)
    found = report.Results(machine=report.machine())
    for part in given.parts:
        began = time.monotonic()
        _measure(part, found, pace)
        report.write(found)  # what there is, should the next part fail
        print(f"{part}: {time.monotonic() - began:.0f} s", flush=True)
    print(f"see {report.HERE / 'README.md'}")


def _measure(part: str, found: report.Results, pace: measure.Pace) -> None:
    kinds = bodies()
    match part:
        case "load":
            found.loads = measure.loads(kinds, pace)
        case "start":
            found.starting = measure.starting(kinds[0])
        case "blocking":
            found.blocking = measure.blocking(kinds[0], kinds[2], pace)
        case "curve":
            found.resources = measure.by_resources(pace)
            found.length = measure.by_length(pace)
        case "fetch":
            found.fetching = measure.fetching(pace)
        case "steps":
            found.steps = {body.name: steps.of(body.content) for body in kinds if not body.signed}
        case "memory":
            found.memory = measure.memory(pace)


if __name__ == "__main__":
    main()
