"""Run benchmarks: all, or those named, with sizes as NAME=VALUE. `python -m tests.bench drain tasks=500000`."""

import ast
import sys
import time
from datetime import UTC, datetime

import uvloop

from tests.bench import page, report
from tests.bench.machine import Missing, Strangers, describe
from tests.bench.suite import SUITE


def main(arguments: list[str]) -> int:
    """Run, write results and the page. Exit status 1 if a benchmark could not run."""
    sizes = {
        name: ast.literal_eval(value) for name, _, value in (word.partition("=") for word in arguments if "=" in word)
    }
    names = [word for word in arguments if "=" not in word] or list(SUITE)
    if unknown := set(names) - set(SUITE):
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(SUITE)}", file=sys.stderr)
        return 2
    results = report.read(page.RESULTS)
    results["machine"] = describe()
    missing = False
    for name in names:
        print(f"{name}:", flush=True)
        found, begun_s, strangers = report.Report(name), time.monotonic(), Strangers()
        try:
            uvloop.run(SUITE[name].measure(found, **sizes))
        except Missing as error:
            print(f"  not measured: {error}", file=sys.stderr)
            missing = True
            continue
        results["benchmarks"][name] = found.as_json() | {
            "when": datetime.now(UTC).isoformat(timespec="minutes"),
            "seconds": round(time.monotonic() - begun_s),
            "sizes": sizes,
            "others": round(strangers.share(), 2),
        }
        report.write(page.RESULTS, results)
    page.write(report.read(page.RESULTS))
    return int(missing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
