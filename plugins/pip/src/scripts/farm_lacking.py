"""Installs what can be had on this platform, where some packages may be left out.

Only what the registry itself says counts: it has files of that version, and none of them fits here. A registry that does
not answer, a version that it does not have, and a file with another hash stay errors.
"""
import pathlib
import platform
import re
import subprocess
import sys

NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.+!_-]*[A-Za-z0-9])"
UV_SAYS = re.compile(NAME + r" has no (?:usable )?wheels")
PIP_SAYS = re.compile(r"No matching distribution found for " + NAME)


def install(options, command):
    """Installs without what has no file that fits, and returns that: names, and why. `command` makes the installer's
    command line of the options and a file of requirements."""
    absent, requirements = {}, options.requirements
    while True:
        run = subprocess.run(command(options, requirements), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = without_file(options, command, run.stdout) if run.returncode else None
        if found is None or found[0] in absent:
            sys.stderr.write(run.stdout)
            if run.returncode:
                sys.exit(run.returncode)
            return absent
        name, version = found
        absent[name] = f"{version} has no wheel for Python {platform.python_version()} on {platform.system()} {platform.machine()}"
        requirements = "farm/requirements-here.txt"
        if not write_without(absent, options.requirements, requirements):
            return absent


def without_file(options, command, said):
    """The package that has no file for this platform, if that is why the installer ended: name and version."""
    found = (UV_SAYS if options.installer == "uv" else PIP_SAYS).search(" ".join(said.split()))
    if not found:
        return None
    name, version = found.groups()
    # pip says the same of a registry that does not answer: it has to name files of the version that it passed over.
    if options.installer == "pip" and not passed_over(options, command, name, version):
        return None
    return canonical(name), version


def passed_over(options, command, name, version):
    alone = "farm/requirement.txt"
    kept = [line for line in lines(options.requirements) if line.startswith("-") or canonical(line) == canonical(name)]
    write(alone, kept)
    said = subprocess.run([*command(options, alone), "--dry-run", "-vv"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    file = re.compile(re.escape(f"/{canonical(name)}-{version}") + r"[-.]")
    told = [line for line in said.splitlines() if "Skipping link:" in line or "requires a different Python" in line]
    return any(file.search(normalised(line)) for line in told)


def normalised(line):
    """With the names of files written as those of packages are."""
    return re.sub(r"/([A-Za-z0-9._]+)-(?=\d)", lambda found: f"/{canonical(found[1])}-", line.replace("%2B", "+"))


def write_without(absent, source, path):
    """Writes the other requirements, and returns whether there are any."""
    kept = [line for line in lines(source) if line.startswith("-") or canonical(line) not in absent]
    write(path, kept)
    return any(not line.startswith("-") for line in kept)


def write(path, requirements):
    pathlib.Path(path).parent.mkdir(exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in requirements)


def lines(path):
    """The requirements and options, each on one line."""
    with open(path, encoding="utf-8-sig") as file:
        text = re.sub(r"\\\r?\n", " ", file.read())
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def canonical(requirement):
    """The name of a package, or the one that a line begins with, as all write it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", name.group()).lower() if name else ""
