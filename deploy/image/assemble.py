"""Puts the root of the image together, in the builder: `python3 assemble.py ROOT ENVIRONMENT PACKAGES`.

Of the packages it takes what is needed at run time, and what dpkg knows of them, so that scanners find them. There is
no shell, no package manager and no program but Python. Runs in any Debian, with nothing but its Python.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ALIASES = ("/lib", "/lib64")
"""Where programs look for the dynamic loader: links into /usr."""

KEPT = ("/usr/lib/", "/usr/lib64/", "/usr/share/common-licenses/", "/etc/debian_version", "/etc/host.conf")
"""What is taken of a package, besides its copyright."""

LEFT = ("/gconv/", "/test/", "/usr/lib/binfmt.d/", "/usr/lib/mime/", "/usr/lib/ssl/misc/", "/usr/lib/valgrind/")
"""What is not taken of that: tables of iconv, Python's tests, and the like."""

DOCUMENTS = Path("/usr/share/doc")

UNUSED = ("_curses", "_curses_panel", "_dbm", "_gdbm", "_sqlite3", "readline")
"""Modules of Python that need libraries which nothing else needs."""

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")

SERVICES = ("ssm", "sso", "sso-oidc", "sts")
"""The AWS services whose models stay: what the operator asks, and what botocore's chain of credentials asks."""

USER = "paramsync:x:65532:65532:paramsync:/home/paramsync:/usr/sbin/nologin"
GROUP = "paramsync:x:65532:"


def main() -> None:
    """Assemble the root, with what is left of the environment."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("root", type=Path, help="is made")
    arguments.add_argument("environment", type=Path, help="the virtual environment of the operator")
    arguments.add_argument("packages", type=Path, help="a file with the Debian packages, one a line")
    given = arguments.parse_args()
    lines = [line.partition("#")[0].strip() for line in given.packages.read_text().splitlines()]
    interpreter = (given.environment / "bin" / "python").resolve()
    take_packages(given.root, [line for line in lines if line])
    take(interpreter, given.root)
    lay_out(given.root)
    prune(given.environment)
    compile_all(given.root / "usr/lib" / interpreter.name, given.root)
    environment = given.root / given.environment.relative_to("/")
    shutil.copytree(given.environment, environment, symlinks=True)
    compile_all(environment / "lib" / interpreter.name, given.root)
    date_all(given.root, int(os.environ["SOURCE_DATE_EPOCH"]))


def take_packages(root: Path, packages: list[str]) -> None:
    """Copy the files of installed packages, and what dpkg knows of them."""
    for alias in map(Path, ALIASES):
        if alias.is_symlink():
            take(alias, root)
    for package in packages:
        for path in files(package):
            take(path, root)
        for record in Path("/var/lib/dpkg/info").glob(f"{package}[.:]*"):
            if record.suffix in {".list", ".md5sums"}:
                take(record, root)
    status = [output("dpkg-query", "--status", package) for package in packages]
    (root / "var/lib/dpkg/status").write_text("\n".join(status))


def files(package: str) -> Iterator[Path]:
    """The files of a package that are needed at run time."""
    for name in output("dpkg-query", "--listfiles", package).splitlines():
        path = Path(name)
        if path.is_dir() and not path.is_symlink():
            continue
        of_another = path.parent == DOCUMENTS  # a link: the copyright is that of another package
        is_copyright = path.name == "copyright" and path.parent.parent == DOCUMENTS
        is_unused = path.parent.name == "lib-dynload" and path.name.partition(".")[0] in UNUSED
        is_left = is_unused or any(part in name for part in LEFT)
        if of_another or is_copyright or (name.startswith(KEPT) and not is_left):
            yield path


def take(path: Path, root: Path) -> None:
    """Copy a file or a link into the root, to where it really is."""
    real = path.parent.resolve() / path.name
    copy = root / real.relative_to("/")
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(real, copy, follow_symlinks=False)


def lay_out(root: Path) -> None:
    """Make what belongs to no package: users, names, authorities, directories."""
    take(AUTHORITIES, root)
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    (root / "etc/passwd").write_text(f"root:x:0:0:root:/:/usr/sbin/nologin\n{USER}\n")
    (root / "etc/group").write_text(f"root:x:0:\n{GROUP}\n")
    for directory in ("home/paramsync", "run", "dev", "proc", "sys", "tmp"):
        (root / directory).mkdir(parents=True)
    (root / "var/run").symlink_to("/run")
    (root / "tmp").chmod(0o1777)


def prune(environment: Path) -> None:
    """Remove the models of AWS services that nobody asks, and what is no use without a shell."""
    (models,) = environment.glob("lib/python3*/site-packages/botocore/data")
    missing = [service for service in SERVICES if not (models / service).is_dir()]
    if missing:
        sys.exit(f"botocore has no models of {', '.join(missing)}: is SERVICES still right?")
    for model in models.iterdir():
        if model.is_dir() and model.name not in SERVICES:
            shutil.rmtree(model)
    for script in (environment / "bin").iterdir():
        if not script.name.startswith("python") and script.name != "paramsync":
            script.unlink()


def compile_all(directory: Path, root: Path) -> None:
    """Compile all modules below a directory of a root; none is compared with its source when loaded."""
    command = [sys.executable, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash", "-j", "0"]
    subprocess.run([*command, "-d", f"/{directory.relative_to(root)}", directory], check=True)


def date_all(directory: Path, seconds: int) -> None:
    """Give everything below a directory the same time."""
    for path in (directory, *directory.rglob("*")):
        os.utime(path, (seconds, seconds), follow_symlinks=False)


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    os.umask(0o022)
    main()
