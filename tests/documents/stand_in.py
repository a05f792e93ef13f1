"""What the tests call in place of the programs that the pages name: ``python -m tests.documents.stand_in kubectl …``.

The real programs run, but what would change the cluster of all commands is sent as a dry run, which the API server
checks like any other request. What cannot run here is checked as far as the program itself tells.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

DRY_RUN: Final = frozenset(
    ("annotate", "apply", "autoscale", "create", "delete", "label", "patch", "replace", "scale", "set", "taint")
)
"""What kubectl can do as a dry run."""

NEEDS_KUBELET: Final = frozenset(("attach", "cp", "debug", "exec", "logs", "port-forward", "top"))
"""What asks a node, of which there is none here: its options are checked, by kubectl's help, and whose logs it is."""

HELM_DRY_RUN: Final = frozenset(("install", "upgrade"))


def kubectl(arguments: list[str]) -> int:
    """Run kubectl, without changing anything."""
    if arguments[0] == "paramsync":
        return paramsync(arguments[1:])
    program = os.environ["REAL_KUBECTL"]
    if arguments[0] in NEEDS_KUBELET:
        if arguments[0] == "logs":
            _reads_whole_logs(arguments[1:])
        return _options_are_known([program, arguments[0], "--help"], [program, "options"], arguments)
    dry = arguments[0] in DRY_RUN and not any(word.startswith("--dry-run") for word in arguments)
    if arguments[:2] == ["create", "namespace"]:
        # What the next command puts into it needs it; and it may be there already, as in a page's second section.
        there = subprocess.run([program, "get", "namespace", arguments[2]], capture_output=True, check=False)
        if there.returncode == 0:
            arguments, dry = ["get", *arguments[1:]], False
        else:
            dry = False
    # An option after `--` would be another program's.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return _call([program, *arguments[:end], *(["--dry-run=server"] if dry else []), *arguments[end:]])


def helm(arguments: list[str]) -> int:
    """Run Helm, without changing anything; the release `paramsync` is there."""
    program = os.environ["REAL_HELM"]
    if arguments[0] in HELM_DRY_RUN:
        # Nothing is waited for in a dry run, and Helm says so if it is asked.
        return _call([program, *(word for word in arguments if word != "--wait"), "--dry-run=server"])
    if arguments[0] in ("uninstall", "rollback"):
        return _call([program, *arguments, "--dry-run"])
    return _call([program, *arguments])


READS: Final = frozenset(("crds", "doctor", "explain", "get", "iam-policy", "plan", "tree", "validate"))
"""Our commands that change nothing."""

ASKS: Final = frozenset(("approve", "refresh", "resume", "suspend"))
"""Those that ask an operator for something: tests/e2e/test_asking_documented.py runs them as the pages have them."""

SERVES: Final = "run"
"""The operator itself, which only ends when it is told to: tests/e2e runs it, and here its options are checked."""

MOST: Final = 3
"""The highest exit code that `paramsync` documents; 1 may tell of what the pages have and this cluster has not."""


def paramsync(arguments: list[str]) -> int:
    """Check a command line of ours, down to the last option and file; and run it if it changes nothing."""
    # Here, as for `aws`: what only calls kubectl need not wait for it.
    import click  # noqa: PLC0415

    from paramsync.cli.main import main as paramsync_group  # noqa: PLC0415

    piped = sys.stdin.read()  # or what is piped into it would be told that nobody reads it
    command: click.Command = paramsync_group
    try:
        context = command.make_context("paramsync", list(arguments))
        while isinstance(command, click.Group):
            _, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            if found is None:
                sys.exit(f"paramsync has no {rest}")
            command = found
            context = command.make_context(command.name, rest, parent=context)
    except click.exceptions.Exit as ended:
        return ended.exit_code  # --help and --version are done with
    except click.ClickException as error:
        sys.exit(error.format_message())
    if command.name in READS:
        return _ran(arguments, piped)
    if command.name in ASKS or command.name == SERVES:
        return 0
    sys.exit(f"tests/documents/stand_in.py does not know whether {command.name} changes anything")


def _ran(arguments: list[str], piped: str) -> int:
    """Run a command of ours: it ends as it documents, and says why if it could not do what was asked."""
    program = [sys.executable, "-P", "-m", "paramsync", *arguments]
    ran = subprocess.run(program, input=piped, capture_output=True, text=True, check=False)
    sys.stdout.write(ran.stdout)
    sys.stderr.write(ran.stderr)
    is_told = ran.returncode != 1 or bool(ran.stdout or ran.stderr)
    return 0 if ran.returncode <= MOST and is_told and "Traceback" not in ran.stderr else 100


def aws(arguments: list[str]) -> int:
    """Check a command of AWS, and carry out those of SSM."""
    from tests.documents import aws_commands  # noqa: PLC0415

    aws_commands.run(arguments)
    return 0


def grep(arguments: list[str]) -> int:
    """Search, for something that need not be there: logs are empty here."""
    return max(0, _call(["/bin/grep", *arguments]) - 1)


def make(arguments: list[str]) -> int:
    """Ask make whether it knows the targets."""
    return _call(["/usr/bin/make", "--dry-run", *arguments])


def docker(arguments: list[str]) -> int:
    """Let podman check a command of Docker, and carry it out."""
    from tests.documents import images  # noqa: PLC0415

    return images.run(arguments)


def git(arguments: list[str]) -> int:
    """Run git, in the reader's own repository. A tag that is made must have a good signature, and does not stay."""
    done = _call(["/usr/bin/git", *arguments])
    if done != 0 or arguments[0] != "tag":
        return done
    name = arguments[-1]
    return _call(["/usr/bin/git", "verify-tag", name]) or _call(["/usr/bin/git", "tag", "--delete", name])


def python(arguments: list[str]) -> int:
    """Run Python, where what the checkout asks for is installed."""
    done = _call([sys.executable, *arguments])
    # Between releases something is missing, and this says so.
    return 0 if done == 1 and arguments[:3] == ["-m", "release", "version"] else done


def pip(arguments: list[str]) -> int:
    """Install something into a directory that does not stay, without what it depends on; its command must run there."""
    if arguments[0] != "install":
        sys.exit(f"tests/documents/stand_in.py does not know how to run pip {arguments[0]}")
    with tempfile.TemporaryDirectory() as directory:
        alone = ("--no-index", "--no-deps", "--no-build-isolation", "--quiet", "--target", directory)
        installed = _call([sys.executable, "-m", "pip", *arguments, *alone])
        environment = {**os.environ, "PYTHONPATH": directory}
        program = Path(directory) / "bin" / "paramsync"
        return installed or subprocess.run([program, "--version"], env=environment, check=False).returncode


def gh(arguments: list[str]) -> int:
    """Have GitHub's client read a command line, and ask nobody: nothing has been released yet."""
    return _call([os.environ["REAL_GH"], *arguments])


def cosign(arguments: list[str]) -> int:
    """Check a command line of cosign by its own reference."""
    import click  # noqa: PLC0415

    from tests.documents import cosign_commands  # noqa: PLC0415

    try:
        cosign_commands.check(arguments, Path(os.environ["COSIGN_REFERENCE"]))
    except click.UsageError as error:
        sys.exit(error.format_message())
    return 0


def _reads_whole_logs(arguments: list[str]) -> None:
    """Of a Deployment kubectl reads one pod, be it the standby; of pods that a label chooses, ten lines of each."""
    if any(word.startswith(("deploy/", "deployment/", "deployments/")) for word in arguments):
        sys.exit("kubectl logs reads one pod of a deployment: choose all by their label")
    by_label = any(word in ("-l", "--selector") or word.startswith(("-l=", "--selector=")) for word in arguments)
    if by_label and not any(word.startswith("--tail") for word in arguments):
        sys.exit("kubectl logs reads ten lines of each pod that a label chooses: say how many with --tail")


def _options_are_known(help_command: list[str], options_command: list[str], arguments: list[str]) -> int:
    texts = [
        subprocess.run(each, capture_output=True, text=True, check=True).stdout
        for each in (help_command, options_command)
    ]
    known = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", "".join(texts)))
    end = arguments.index("--") if "--" in arguments else len(arguments)
    used = [word.partition("=")[0] for word in arguments[:end] if word.startswith("-")]
    # `-it` is two of one letter.
    single = [f"-{letter}" for word in used if not word.startswith("--") for letter in word[1:]]
    unknown = [word for word in (*single, *(word for word in used if word.startswith("--"))) if word not in known]
    if unknown:
        sys.exit(f"{help_command[1]} has no {' '.join(unknown)}")
    return 0


def _call(command: list[str]) -> int:
    return subprocess.run(command, check=False).returncode


PROGRAMS: Final = {
    "aws": aws,
    "cosign": cosign,
    "docker": docker,
    "gh": gh,
    "git": git,
    "grep": grep,
    "helm": helm,
    "kubectl": kubectl,
    "make": make,
    "paramsync": paramsync,
    "pip": pip,
    "python": python,
    "python3": python,
}

if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    if name not in PROGRAMS:
        sys.exit(f"tests/documents/stand_in.py does not know how to check {name}")
    sys.exit(PROGRAMS[name](rest))
