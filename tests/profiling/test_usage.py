"""Time and memory of this process, and the import of TensorFlow without its banner."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.profiling.usage import MIB, measure_calls, peak_rss_mib, rss_mib

ROOT = Path(__file__).parents[2]
BANNER = "I oneDNN custom operations are on"


def import_quietly(folder, fake, then=""):
    """Runs import_tensorflow with `fake` as the source of the tensorflow module."""
    (folder / "tensorflow.py").write_text(f"import os\n{fake}")
    source = f"from helpers.quiet import import_tensorflow\nimport_tensorflow()\n{then}"
    return subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_rss_in_mib_rises_by_what_is_kept():
    before = rss_mib()
    kept = b"x" * (64 * MIB)
    assert rss_mib() - before == pytest.approx(len(kept) / MIB, abs=4)


def test_peak_in_mib_stays_when_memory_is_freed():
    above = max(0, peak_rss_mib() - rss_mib()) + 32
    kept = b"x" * int(above * MIB)
    highest = rss_mib()
    del kept
    assert rss_mib() < highest - 24
    assert peak_rss_mib() == pytest.approx(highest, abs=4)


def test_each_call_is_measured():
    counts = iter([7, 8, 9])
    measured = measure_calls(lambda: time.sleep(0.01), 3, lambda: next(counts))
    assert measured.ops == [7, 8, 9]
    assert min(measured.milliseconds) >= 10
    assert measured.rss_mib == pytest.approx([rss_mib()] * 3, abs=8)


def test_counting_ops_is_not_part_of_the_time():
    measured = measure_calls(lambda: None, 1, lambda: time.sleep(0.05))
    assert measured.milliseconds[0] < 50


def test_the_banner_of_an_import_that_works_is_not_shown(tmp_path):
    imported = import_quietly(tmp_path, f"os.write(2, b'{BANNER}')", "print('ready')")
    assert (imported.stdout, imported.stderr) == ("ready\n", "")


def test_standard_error_works_again_afterwards(tmp_path):
    imported = import_quietly(tmp_path, "", "import os; os.write(2, b'seen')")
    assert imported.stderr == "seen"


def test_an_import_that_fails_shows_the_log_and_the_error(tmp_path):
    fake = "os.write(2, b'libcuda.so: wrong ELF class')\nraise ImportError('no DLL')"
    failed = import_quietly(tmp_path, fake)
    assert failed.returncode == 1
    assert "libcuda.so: wrong ELF class" in failed.stderr
    assert "ImportError: no DLL" in failed.stderr


def test_a_log_level_that_was_chosen_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    imported = import_quietly(
        tmp_path, "", "import os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )
    assert imported.stdout == "0\n"


def test_importing_helpers_imports_nothing_heavy():
    heavy = "{'numpy', 'PIL', 'tensorflow', 'matplotlib'} & set(sys.modules)"
    source = f"import sys, helpers, helpers.freezing, helpers.quiet; print({heavy})"
    shown = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True
    )
    assert shown.stdout == "set()\n"
