"""Runs the tests with the target's own pytest.

usage: farm_pytest.py --path FOLDER… --packages FOLDER… --workers N -- ARGUMENT…

Started without `site`: what happens to be installed on this machine stays out of sight. Nothing is written among the
sources.
"""
import argparse
import os
import site
import sys
import tempfile


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", action="append", default=[])
    parser.add_argument("--packages", action="append", default=[])
    parser.add_argument("--workers", type=int, default=1)
    marker = sys.argv.index("--")
    options = parser.parse_args(sys.argv[1:marker])
    packages = [os.path.abspath(folder) for folder in options.packages]
    paths = [os.path.abspath(folder) for folder in options.path] + packages
    # The first entry is this script's own folder, which is the target's.
    sys.path[:1] = paths
    # For the workers, and for what the tests start themselves.
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ.setdefault("COVERAGE_FILE", os.path.join(tempfile.gettempdir(), "coverage"))
    site.setquit()
    sys.exit(run(packages, options.workers, sys.argv[marker + 1:]))


def run(packages, workers, arguments):
    import pytest

    cache = os.path.join(tempfile.gettempdir(), "pytest-cache")
    # Packages have tests, too, which are not those of the target.
    ignored = [f"--ignore={path}" for path in [*packages, os.path.abspath(__file__)]]
    parallel = ["-n", str(workers)] if workers > 1 else []
    code = pytest.main(["-o", f"cache_dir={cache}", *ignored, *parallel, *arguments])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        print("no tests were found: write some, or leave the option `test` out", flush=True)
    return int(code)


if __name__ == "__main__":
    main()
