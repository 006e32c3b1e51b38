"""Runs commands on disks that are full or read-only, and prints what happened as JSON.

    unshare -m python tests/faults/disk_scenarios.py FOLDER

The disks are tmpfs mounts, which only the process's own mount namespace has. TensorFlow
is imported once; each command runs in a forked process, and no session is made here.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from helpers.quiet import import_tensorflow  # noqa: E402

import_tensorflow()

from helpers.__main__ import cli  # noqa: E402
from helpers.checkpoints.checkpoint import Checkpoint  # noqa: E402
from helpers.data.drawings import CLASS_NAMES, draw  # noqa: E402
from helpers.training.checkpoint_folder import steps_in  # noqa: E402

EPOCHS = 2
LARGE, ROOM = 100_000_000, 0.6  # bytes; the share of a checkpoint that has room


class Scenarios:
    """The commands in a folder; `found` has what each did, by its name."""

    def __init__(self, folder: Path):
        self.folder, self.found = folder, {}
        self.photos = folder / "photos"
        for name in CLASS_NAMES:
            (self.photos / name).mkdir(parents=True)
            for seed in range(24):
                draw(name, seed, 32).save(self.photos / name / f"{seed}.png")
        self.zip = shutil.make_archive(str(folder / "pets"), "zip", self.photos)

    def run(self, name, place, *words, descriptors=None):
        """Run a command; note its status, what it printed, and the files in `place`.

        Args:
          descriptors: how many more files the process may open.
        """
        log = self.folder / "log"
        child = os.fork()
        if not child:
            run_command(log, words, descriptors)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        files = [str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()]
        self.found[name] = {
            "status": status,
            "output": log.with_suffix(".out").read_text(),
            "errors": log.with_suffix(".err").read_text(),
            "files": sorted(files),
        }
        return self.found[name]

    def train(self, name, out, epochs=EPOCHS, **options):
        words = ("train", self.photos, "--out", out, "--epochs", epochs)
        found = self.run(name, out.parent, *words, **options)
        if (out / "checkpoint").exists():
            checkpoint = Checkpoint.at(out)
            found["damages"] = len(checkpoint.verify())
            found["steps"] = steps_in(checkpoint.prefix)
            found["prefix"] = Path(checkpoint.prefix).name

    def training(self):
        disk = self.disk("disk", LARGE)
        net = disk / "net"
        self.train("train", net, 1)
        size = sum(path.stat().st_size for path in net.glob("model-ckpt.*"))
        used = sum(path.stat().st_size for path in net.iterdir())
        mount(disk, f"remount,size={int(used + ROOM * size)}")
        self.train("train, full", net)
        mount(disk, f"remount,size={LARGE}")
        self.train("train, room again", net)
        self.train("train, few descriptors", disk / "other", descriptors=0)
        mount(disk, "remount,ro")
        self.train("train on, read-only", net, EPOCHS + 1)
        self.train("train again, read-only", net)
        self.train("train anew, read-only", disk / "new")

    def freezing(self):
        disk = self.disk("small", 65536)
        (disk / "model.pb").write_text("the old graph")
        words = ("freeze", self.folder / "disk" / "net", "--output", disk / "model.pb")
        self.run("freeze, full", disk, *words)
        mount(disk, "remount,ro")
        self.run("freeze, read-only", disk, *words)

    def downloading(self):
        disk = self.disk("data", 65536)
        words = ("download", "--from", self.zip, "--data", disk)
        self.run("download, full", disk, *words)
        mount(disk, "remount,ro")
        self.run("download, read-only", disk, *words)

    def without_temporary_folder(self):
        """Makes the temporary folders read-only: the last scenario."""
        work = Path("/mnt")
        subprocess.run(["mount", "--bind", self.folder, work], check=True)
        self.folder, self.photos = work, work / "photos"
        for folder in ("/tmp", "/var/tmp"):  # this project may lie in one
            subprocess.run(["mount", "--bind", folder, folder], check=True)
            mount(folder, "remount,ro,bind")
        os.environ["TMPDIR"] = "/tmp"
        os.chdir("/proc")  # Python's last choice is the working directory
        self.train("train, no temporary folder", work / "no-tmp" / "net", 1)
        place = work / "no-tmp"
        words = ("freeze", place / "net", "--output", place / "model.pb")
        self.run("freeze, no temporary folder", place, *words)

    def disk(self, name, size):
        place = self.folder / name
        place.mkdir()
        mount(place, f"size={size}", "-t", "tmpfs", "none")
        return place


def mount(place, options, *words):
    subprocess.run(["mount", *words, "-o", options, place], check=True)


def run_command(log, words, descriptors):
    """The forked process."""
    try:
        for number, suffix in ((1, ".out"), (2, ".err")):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(os.open(log.with_suffix(suffix), flags), number)
        if descriptors is not None:
            used = max(map(int, os.listdir("/proc/self/fd")))
            resource.setrlimit(resource.RLIMIT_NOFILE, (used + descriptors, 4096))
        cli([str(word) for word in words])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
        code = 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    scenarios = Scenarios(Path(sys.argv[1]))
    scenarios.training()
    scenarios.freezing()
    scenarios.downloading()
    scenarios.without_temporary_folder()
    print(json.dumps(scenarios.found))
