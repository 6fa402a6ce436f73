"""Builds a wheel by the project's own PEP 517 back end, and says what it is; or asks the back end what it needs for that.

usage: farm_wheel.py --backend MODULE[:OBJECT] [--backend-path FOLDER…] [--packages FOLDER] --from FOLDER
                     (--needs FILE | --into FOLDER --facts FILE [--version VERSION] [--history PACKAGE])

Started without `site`, so that the back end finds what is pinned for it, and nothing else. Modes, times and names of the files
that it sees are the same everywhere.
"""
import argparse
import importlib
import json
import os
import pathlib
import platform
import re
import shutil
import sys
import traceback
import zipfile


def main():
    options = read_arguments()
    os.umask(0o022)
    # In a weaker sandbox, a repository that farm's own folder lies in would be found.
    os.environ["GIT_CEILING_DIRECTORIES"] = str(pathlib.Path("farm").resolve())
    packages = [str(folder.resolve()) for folder in options.packages]
    root, project = pathlib.Path.cwd(), pathlib.Path("farm/project").resolve()
    copy(options.sources, project)
    os.chdir(project)
    find_modules([str(project / folder) for folder in options.backend_path], packages)
    find_compilers(project)
    if options.needs:
        answer = {"asked": asked(options.backend), "environment": environment()}
        write(root / options.needs, answer)
    else:
        write(root / options.facts, build(options, root / options.into))
    os.chdir(root)
    shutil.rmtree(project)


def build(options, into):
    into.mkdir(parents=True, exist_ok=True)
    try:
        backend = load(options.backend)
        wheel = into / call(backend, "build_wheel", str(into))
    except Failure as failure:
        cause = failure.__cause__
        traceback.print_exception(type(cause), cause, cause.__traceback__)
        sys.exit(with_history(str(failure), options.history))
    if not wheel.is_file():
        sys.exit(f"`{options.backend}` says that it has built `{wheel.name}`, and there is no such file")
    facts = facts_of(wheel)
    if options.version not in (None, facts["version"]):
        sys.exit(f"option `version` says {options.version}, and the wheel has the version {facts['version']}: its back end takes "
                 "the version from elsewhere. Leave the option out, or have the back end take it from git's history")
    return facts


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--backend", required=True)
    parser.add_argument("--backend-path", action="append", default=[])
    parser.add_argument("--packages", action="append", type=pathlib.Path, default=[])
    parser.add_argument("--from", dest="sources", type=pathlib.Path, required=True)
    for place in ("--needs", "--into", "--facts"):
        parser.add_argument(place, type=pathlib.Path)
    parser.add_argument("--version")
    parser.add_argument("--history")
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


def find_compilers(project):
    """What is compiled must not tell where that was."""
    if "CC" in os.environ:
        os.environ["CFLAGS"] = os.environ["CXXFLAGS"] = f"-ffile-prefix-map={project}=."


class Failure(Exception):
    """What a back end did not do."""


def load(name):
    module, _, attributes = name.partition(":")
    try:
        found = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
    except Exception as error:
        raise Failure(f"the build back end `{name}` could not be imported: `[build-system]` of pyproject.toml names it") from error
    return found


def call(backend, hook, *arguments):
    try:
        return getattr(backend, hook)(*arguments)
    except (Exception, SystemExit) as error:
        raise Failure(f"the build back end failed in `{hook}`") from error


def asked(name):
    """A back end may need more than `[build-system]` names. Why one cannot be asked shows when the wheel is built."""
    try:
        backend = load(name)
        return list(call(backend, "get_requires_for_build_wheel")) if hasattr(backend, "get_requires_for_build_wheel") else []
    except Failure:
        return []


def with_history(message, package):
    if not package:
        return message
    return (f"{message}. Where the version is what is missing, which `{package}` takes from git's history: a build does not see "
            "that, so say it with the option `version`")


def environment():
    """What the markers of requirements are about, as PEP 508 has it."""
    release = sys.implementation.version
    kind = "" if release.releaselevel == "final" else f"{release.releaselevel[0]}{release.serial}"
    return {
        "extra": "",
        "implementation_name": sys.implementation.name,
        "implementation_version": ".".join(map(str, release[:3])) + kind,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def write(path, answer):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(answer, indent=1) + "\n")


def facts_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        about = headers(archive, "METADATA")
        tags = headers(archive, "WHEEL").get_all("Tag")
    return {"name": about["Name"], "version": about["Version"], "tags": tags, "size": wheel.stat().st_size}


def headers(archive, name):
    import email

    path = next(path for path in archive.namelist() if re.fullmatch(rf"[^/]+\.dist-info/{name}", path))
    return email.message_from_bytes(archive.read(path))


if __name__ == "__main__":
    main()
