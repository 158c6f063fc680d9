"""kill -9 while a file of the register is being written: the old register stays whole, the file can go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.installation import clean_environment, copied

PREPARE = """
import django; django.setup()
from sonae.domains.municipalities.interface import Municipality
from sonae.platform import worlds
from tests.fixtures import AREAS, CODE, make_city
Municipality.objects.create(code=CODE, name="試験市", kana="シケンシ", prefecture="試験県",
    latitude=37.0, longitude=139.0, warning_areas=AREAS, is_demo=True)
with worlds.entered(CODE):
    make_city()
"""
CONFIRM = """
import sys
import django; django.setup()
from sonae.domains.residents.interface import editions
from sonae.domains.residents import differences
from sonae.platform import worlds
from sonae.platform.access import SYSTEM
from tests.fixtures import CODE
raw = open(sys.argv[1], "rb").read()
settle = differences.register.settle_homes
def slowly(day):
    settle(day)
    print("everything is written, nothing committed", flush=True)
    if len(sys.argv) > 2:
        import time; time.sleep(60)
differences.register.settle_homes = slowly
with worlds.entered(CODE):
    row = editions.take_in(SYSTEM, raw, "juki.csv", whole=False)
    editions.prepare(row.pk); row.refresh_from_db()
    editions.confirm(SYSTEM, row.pk, seen=row.stamp, agreed=[d["key"] for d in row.summary["doubts"]])
"""
COUNT = """
import json
import django; django.setup()
from sonae.domains.residents.interface import Household, RegisterEdition, Resident
from sonae.domains.residents.models import ResidentHistory
from sonae.platform import worlds
from tests.fixtures import CODE
with worlds.entered(CODE):
    print(json.dumps({"people": Resident.held.count(), "homes": Household.held.count(),
        "history": ResidentHistory.objects.count(), "name": Resident.objects.get(resident_id="R0011").name,
        "state": RegisterEdition.objects.order_by("pk").last().state}))
"""


def environment(home: Path) -> dict[str, str]:
    return clean_environment(home) | {
        "DJANGO_SETTINGS_MODULE": "sonae.settings", "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
    }  # fmt: skip


def python(home: Path, code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment(home),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def home(installation: Path, tmp_path: Path) -> Path:
    """An installation of its own with the tiny city."""
    folder = copied(installation, tmp_path / "home")
    python(folder, PREPARE)
    return folder


def test_a_killed_confirmation_leaves_the_old_register_whole(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "juki.csv"
    lines = ["住民ID,世帯番号,氏名,フリガナ,住所", "R0011,00000001,備 太朗,ソナエ タロウ,西町1番地"]
    lines += [f"N{n},H{n // 3},新田 {n},ニッタ,中町{n // 3}番地" for n in range(1500)]
    file.write_text("\n".join(lines), encoding="utf-8")
    writer = subprocess.Popen(
        [sys.executable, "-c", CONFIRM, str(file), "slowly"], env=environment(home), cwd=ROOT,
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert writer.stdout is not None and "nothing committed" in writer.stdout.readline()
    os.killpg(writer.pid, signal.SIGKILL)
    writer.wait()
    time.sleep(0.1)
    found = json.loads(python(home, COUNT))
    assert found == {"people": 12, "homes": 5, "history": 0, "name": "備 太郎", "state": "applying"}
    python(home, CONFIRM, str(file))
    found = json.loads(python(home, COUNT))
    assert (found["people"], found["name"], found["state"]) == (1512, "備 太朗", "in_force")
