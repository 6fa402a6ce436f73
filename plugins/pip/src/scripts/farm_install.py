"""Installs pinned requirements into a folder, and leaves only what does not depend on this machine or this moment.

usage: farm_install.py --requirements FILE --into FOLDER --facts FILE --installer pip|uv [--beside FILE] [--hashes] [--build]
                       [--bytecode] [--programs] [--spare NAME]...

What the requirements of `--beside` name is installed elsewhere, and need not be named again. With `--programs`, the programs
stay that packages bring along. What `--spare` names is left out where it cannot be had here, and FILE says why.
"""
import argparse
import importlib.metadata
import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys

import farm_bytecode


def main():
    options = read_arguments()
    absent = install(options)
    tidy(options.into, options.programs)
    found = installed(options.into)
    lacking = unusable(options.spare, found, absent)
    if absent and not lacking:
        told = "\n".join(f"`{name}` {reason}" for name, reason in absent.items())
        sys.exit(f"{told}\npin a version that has one, or set the option `build-from-source`")
    missing = unpinned(found, named_in(options.beside) | set(absent))
    if missing:
        lines = "\n".join(f"  {name}, which {parent} needs" for name, parent in missing)
        sys.exit(f"{options.requirements} does not pin every package:\n{lines}\n"
                 f"write it with `uv pip compile` or `pip freeze`, so that it names the indirect ones too")
    if options.bytecode:
        farm_bytecode.compile_tree(options.into)
    facts = {"python": platform.python_version(), "dependencies": len(found), "packages": [facts_of(one) for one in found]}
    if options.spare:
        facts["lacking"] = lacking
    options.facts.parent.mkdir(parents=True, exist_ok=True)
    options.facts.write_text(json.dumps(facts, indent=1) + "\n")


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requirements", required=True)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("--facts", type=pathlib.Path, required=True)
    parser.add_argument("--installer", choices=["pip", "uv"], required=True)
    parser.add_argument("--beside", type=pathlib.Path)
    for flag in ("--hashes", "--build", "--bytecode", "--programs"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--spare", action="append", default=[])
    return parser.parse_args()


def install(options):
    """Installs, and returns what cannot be had here, with the reasons."""
    if options.spare:
        import farm_lacking

        return farm_lacking.install(options, command)
    subprocess.run(command(options, options.requirements), check=True)
    return {}


def command(options, requirements):
    hashes = ["--require-hashes"] if options.hashes else []
    common = ["--target", str(options.into), "--no-deps", "-r", str(requirements), *hashes]
    if options.installer == "uv":
        build = [] if options.build else ["--no-build"]
        return ["uv", "pip", "install", "--python", sys.executable, "--link-mode", "copy", "--no-progress", *build, *common]
    build = [] if options.build else ["--only-binary", ":all:"]
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--no-compile"]
    return [sys.executable, "-m", "pip", "install", *quiet, *build, *common]


def tidy(folder, programs):
    """Takes away what installers write about themselves, and start scripts, which name this machine's Python."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("bin", "Scripts", ".lock", "CACHEDIR.TAG", ".gitignore"):
        path = folder / name
        if path.is_dir() and not programs:
            shutil.rmtree(path)
        elif path.is_dir():
            remove_scripts(path)
        else:
            path.unlink(missing_ok=True)
    for cache in sorted(folder.rglob("__pycache__")):
        shutil.rmtree(cache)
    for info in folder.glob("*.dist-info"):
        for name in ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json"):
            (info / name).unlink(missing_ok=True)


def remove_scripts(folder):
    for path in [path for path in folder.iterdir() if path.is_file()]:
        with path.open("rb") as file:
            is_script = file.read(2) == b"#!"
        if is_script:
            path.unlink()


def installed(folder):
    found = importlib.metadata.distributions(path=[str(folder)])
    return sorted(found, key=lambda distribution: canonical(distribution.metadata["Name"]))


def facts_of(distribution):
    name = canonical(distribution.metadata["Name"])
    requires = {canonical(name_in(requirement)) for requirement in distribution.requires or [] if not is_extra(requirement)}
    return {"name": name, "version": distribution.version, "license": license_of(distribution), "requires": sorted(requires)}


def name_in(requirement):
    return re.match(r"[A-Za-z0-9._-]+", requirement).group()


def is_extra(requirement):
    return re.search(r";.*\bextra\b", requirement) is not None


def license_of(distribution):
    """The expression, or what older packages have in its place: one line, or a whole text, which is too long."""
    metadata = distribution.metadata
    license = metadata.get("License-Expression") or metadata.get("License") or ""
    return license if license and len(license.splitlines()) == 1 else None


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def named_in(requirements):
    """The packages that a file of requirements names."""
    lines = requirements.read_text(encoding="utf-8").splitlines() if requirements else []
    return {canonical(name_in(line)) for line in lines if re.match(r"[A-Za-z0-9]", line)}


def unusable(spared, found, absent):
    """Which of the packages that may be left out cannot be used, and why: they are absent, or something that they need is."""
    requires = {canonical(one.metadata["Name"]): always(one) for one in found}
    lacking = {name: absent[name] for name in spared if name in absent}
    for name in spared:
        needed = reached(name, requires) & set(absent)
        if name in requires and needed:
            lacking[name] = f"needs `{min(needed)}`, and `{min(needed)}` {absent[min(needed)]}"
    return lacking


def reached(name, requires):
    """What a package needs, and what that needs, and so on."""
    seen, open = set(), [name]
    while open:
        one = open.pop()
        if one not in seen:
            seen.add(one)
            open += requires.get(one, ())
    return seen


def always(distribution):
    """What a package needs always. What it needs behind a marker is not judged."""
    return {canonical(name_in(requirement)) for requirement in distribution.requires or [] if ";" not in requirement}


def unpinned(found, beside):
    """Packages that an installed one needs always, and that are not there."""
    there = beside | {canonical(distribution.metadata["Name"]) for distribution in found}
    missing = {}
    for distribution in found:
        for name in always(distribution) - there:
            missing.setdefault(name, distribution.metadata["Name"])
    return sorted(missing.items())


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
