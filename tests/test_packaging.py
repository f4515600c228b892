"""What is in the wheel, since an installed iimscreen has no checkout beside it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"


@pytest.mark.slow  # builds a wheel in a process of its own
def test_the_wheel_holds_the_bundled_review_and_the_schema(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build backend comes with the `test` extra")
    subprocess.run([sys.executable, "-c", BUILD, str(tmp_path)], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("iimscreen-*.whl")

    names = set(zipfile.ZipFile(wheel).namelist())

    bundled = [path for path in (ROOT / "queries").rglob("*") if path.is_file()]
    code = [
        path
        for path in (ROOT / "src" / "iimscreen").rglob("*")
        if path.suffix in (".py", ".sql", ".toml", ".typed", ".ttf", ".txt")
    ]
    expected = {f"iimscreen/bundled/{path.relative_to(ROOT / 'queries').as_posix()}" for path in bundled}
    expected |= {path.relative_to(ROOT / "src").as_posix() for path in code}
    packaged = {name for name in names if ".dist-info/" not in name}
    assert expected == packaged
