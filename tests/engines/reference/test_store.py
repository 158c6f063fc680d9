"""Reference data: from published files into the store, whole or not at all."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from sonae.core.errors import SonaeError
from sonae.engines.matching import characters, towns
from sonae.engines.reference import store
from sonae.engines.reference.cli import group
from tests.conftest import real_data

SHRINK = {
    "policy": {"9ad8": 9, "9f8d": 17, "7adc": 9},
    "reduce_ucs": {
        "9ad9": [["9ad8", 9, None, 1]],
        "9ad8": [["9ad8", 1, None, None]],
        "9f8d": [["7adc", 8, None, 1], ["9f8d", 9, None, 1]],
        "7adc": [["7adc", 1, None, None]],
    },
}
TOWNS = [
    {"town": "本町", "koaza": "", "lat": 37.5, "lng": 139.9},
    {"town": "大字原", "koaza": "沢", "lat": None, "lng": None},
]


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as out:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


def source(folder: Path) -> Path:
    folder.mkdir()
    (folder / "mj_shrink_tables.json").write_text(json.dumps(SHRINK))
    members = {"api/ja.json": b"{}", "api/ja/福島県/備え市.json": json.dumps(TOWNS).encode()}
    archive(folder / "japanese-addresses-v1.tar.gz", members)
    return folder


def test_both_parts_are_taken_and_read_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    taken = list(store.load(source(tmp_path / "in"), home))
    assert [one["part"] for one in taken if isinstance(one, dict)] == ["characters", "towns"]
    table = characters.load(home)
    assert "CC BY-SA" in table.source
    assert table.variant[ord("髙")] == "高"
    assert ord("龍") not in table.variant
    assert table.search[ord("龍")] == "竜"
    master = towns.load(home)
    assert master.towns(("福島県", "備え市")) == [
        towns.Town("本町", "", 37.5, 139.9), towns.Town("大字原", "沢", None, None),
    ]  # fmt: skip
    assert master.towns(("福島県", "無い市")) == []
    assert all(row["present"] and row["source"] for row in store.held(home))


def test_what_cannot_be_read_leaves_what_was_good(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", source(tmp_path / "in")
    list(store.load(folder, home))
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    (folder / "mj_shrink_tables.json").write_text('{"policy": 1}')
    (folder / "japanese-addresses-v1.tar.gz").write_bytes(b"no archive")
    refused = list(store.load(folder, home))
    assert [one.code for one in refused if isinstance(one, SonaeError)] == [
        "bad_shrink_map",
        "unreadable",
    ]
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


@pytest.mark.parametrize(
    "content", [b"[1]", b"{}", b'[{"town": 1, "lat": "x"}]', b"not json", b"[" * 100_000]
)
def test_a_list_of_towns_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = archive(tmp_path / "a.tar.gz", {"api/ja/県/市.json": content})
    with pytest.raises(SonaeError):
        towns.read_archive(path)


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    found = CliRunner().invoke(group, ["load", str(tmp_path)])
    assert found.exit_code == 1
    assert "reference_missing" in found.stderr
    assert characters.load(tmp_path) is characters.BUILT_IN
    with pytest.raises(SonaeError, match="reference load"):
        towns.load(tmp_path)


def test_an_older_edition_of_the_compact_files_is_not_guessed_at(tmp_path: Path) -> None:
    for name, load in ((characters.FILE, characters.load), (towns.FILE, towns.load)):
        (tmp_path / name).write_text("# something else\n")
        with pytest.raises(SonaeError, match="版"):
            load(tmp_path)


def test_the_published_files_are_read() -> None:
    assert len(characters.load(real_data("people", "mj-variants")).variant) > 20_000
