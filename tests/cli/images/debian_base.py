"""Makes an OCI layout with a Debian that has apt, out of packages of this machine's own release.

    debian_base.py MAKE FOLDER

MAKE is examples/platform/base/make, which knows how a layout is made of packages.
"""

import sys
import tempfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

# What apt and dpkg start, beside what they depend on.
WANTED = ["apt", "coreutils", "dash", "debian-archive-keyring", "diffutils", "dpkg", "grep", "libc-bin", "sed", "tar"]


def load(path: str):
    loader = SourceFileLoader("make", path)
    sys.dont_write_bytecode = True
    module = module_from_spec(spec_from_loader("make", loader))
    loader.exec_module(module)
    # A package that others depend on is missed by apt.
    module.NOT.clear()
    return module


def configure(make, packages: Path, root: Path) -> None:
    """What the packages' own scripts would do, as far as apt asks for it."""
    (root / "bin/sh").unlink()
    (root / "bin/sh").symlink_to("dash")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n")
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    known = root / "var/lib/dpkg"
    for folder in ["info", "updates", "triggers"]:
        (known / folder).mkdir(parents=True, exist_ok=True)
    status = []
    for package in sorted(packages.glob("*.deb")):
        fields = make.run("dpkg-deb", "--field", str(package))
        status.append(fields.rstrip() + "\nStatus: install ok installed\n")
        name = make.run("dpkg-deb", "--field", str(package), "Package").strip()
        (known / "info" / f"{name}.list").write_text("")
    (known / "status").write_text("\n".join(status))
    # From where this machine has its packages.
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    line = f"deb [signed-by={keyring}] $(REPO_URI) $(CODENAME) $(COMPONENT)"
    sources = make.run("apt-get", "indextargets", "--format", line, "Created-By: Packages", "Origin: Debian")
    (root / "etc/apt/sources.list").write_text(sources)


def main() -> None:
    make = load(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        root = make.unpack(make.closure(WANTED), Path(folder))
        configure(make, Path(folder), root)
        make.Layout(Path(sys.argv[2])).finish(make.layer(root))


main()
