"""Builds a wheel by the project's own PEP 517 back end, and says what it is.

usage: farm_wheel.py --backend MODULE[:OBJECT] [--backend-path FOLDER…] [--packages FOLDER] --from FOLDER --into FOLDER --facts FILE

Started without `site`, so that the back end finds what is pinned for it, and nothing else. Modes, times and names of the files
that it sees are the same everywhere.
"""
import argparse
import importlib
import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import sys
import traceback
import zipfile


def main():
    options = read_arguments()
    os.umask(0o022)
    into, facts = options.into.resolve(), options.facts.resolve()
    packages = [str(folder.resolve()) for folder in options.packages]
    root, project = pathlib.Path.cwd(), pathlib.Path("farm/project").resolve()
    copy(options.sources, project)
    into.mkdir(parents=True, exist_ok=True)
    os.chdir(project)
    find_modules([str(project / folder) for folder in options.backend_path], packages)
    backend = load(options.backend)
    check_requirements(backend, options.backend, packages)
    wheel = into / call(backend, "build_wheel", str(into))
    if not wheel.is_file():
        sys.exit(f"`{options.backend}` says that it has built `{wheel.name}`, and there is no such file")
    os.chdir(root)
    shutil.rmtree(project)
    facts.parent.mkdir(parents=True, exist_ok=True)
    facts.write_text(json.dumps(facts_of(wheel), indent=1) + "\n")


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--backend", required=True)
    parser.add_argument("--backend-path", action="append", default=[])
    parser.add_argument("--packages", action="append", type=pathlib.Path, default=[])
    parser.add_argument("--from", dest="sources", type=pathlib.Path, required=True)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("--facts", type=pathlib.Path, required=True)
    return parser.parse_args()


def copy(sources, project):
    """Back ends write among the sources, and put modes and times of files into wheels."""
    now = int(os.environ["SOURCE_DATE_EPOCH"])
    for source in sorted(path for path in sources.rglob("*") if path.is_file()):
        target = project / source.relative_to(sources)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
        os.utime(target, (now, now))


def find_modules(own, packages):
    # The first entry is this script's own folder.
    sys.path[:1] = own + packages
    os.environ["PYTHONPATH"] = os.pathsep.join(packages)
    programs = [os.path.join(folder, "bin") for folder in packages]
    os.environ["PATH"] = os.pathsep.join([*programs, os.environ["PATH"]])


def load(name):
    module, _, attributes = name.partition(":")
    try:
        found = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
    except Exception:
        traceback.print_exc()
        sys.exit(f"the build back end `{name}` could not be imported: `[build-system]` of pyproject.toml names it")
    return found


def call(backend, hook, *arguments):
    try:
        return getattr(backend, hook)(*arguments)
    except Exception:
        traceback.print_exc()
        sys.exit(f"the build back end failed in `{hook}`")


def check_requirements(backend, name, packages):
    """A back end may ask for more than `[build-system]` names."""
    if not hasattr(backend, "get_requires_for_build_wheel"):
        return
    asked = call(backend, "get_requires_for_build_wheel")
    found = {canonical(one.metadata["Name"]) for one in importlib.metadata.distributions(path=packages)}
    missing = [one for one in asked if ";" not in one and canonical(re.match(r"[A-Za-z0-9._-]+", one).group()) not in found]
    if missing:
        sys.exit(f"`{name}` asks for packages that are not pinned for building: {', '.join(missing)}")


def facts_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        about = headers(archive, "METADATA")
        tags = headers(archive, "WHEEL").get_all("Tag")
    return {"name": about["Name"], "version": about["Version"], "tags": tags, "size": wheel.stat().st_size}


def headers(archive, name):
    import email

    path = next(path for path in archive.namelist() if re.fullmatch(rf"[^/]+\.dist-info/{name}", path))
    return email.message_from_bytes(archive.read(path))


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
