"""Tables as people save them: the text is the same, whatever encoding an office still uses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines import sheets
from sonae.engines.tables import decode

TABLE = "名称,所在地,収容人数\n広塚児童館,備え市広塚1丁目2番,540\n第一小学校,備え市本町,300\n"
NAMES = (
    "原田 美穂",
    "阿部 碧",
    "山田",
    "そなえ たろう",
    "ヤマダ",
    "高橋",
    "渡邉 実",
    "さ",
    "東町",
    "斎藤 健",
)
KANA = "ID,ﾅﾏｴ\n1,ﾋﾛﾂｶｼﾞﾄﾞｳｶﾝ\n2,ﾀﾞｲｲﾁｼｮｳｶﾞｯｺｳ\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16"])
def test_every_encoding_of_an_office_reads_the_same(encoding: str) -> None:
    assert decode(TABLE.encode(encoding), "t.csv") == TABLE
    assert [cells for _n, cells in sheets.lines_of(TABLE.encode(encoding), "t.csv").rows] == [
        line.split(",") for line in TABLE.splitlines()
    ], "and in a roster"


@pytest.mark.parametrize("text", ["施設,数\n", "東京都\n", "避難所\n" * 50, "カナ,ﾊﾝｶｸ\n"])
@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_short_tables_are_told_apart(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "t.csv") == text


def test_half_width_kana_alone_are_no_euc() -> None:
    assert decode(KANA.encode("cp932"), "t.csv") == KANA


def test_what_is_none_of_them_is_said() -> None:
    with pytest.raises(SonaeError) as caught:
        decode(b"\xff\x81\xfd\x00", "t.csv")
    assert caught.value.code == "encoding" and "EUC-JP" in caught.value.hint


def test_a_row_of_marks_alone_does_not_turn_the_blame() -> None:
    raw = "id,flag\n1,○\n".encode() + "備 太郎,○\n".encode() * 5 + "備 花子,○\n".encode("cp932")
    with pytest.raises(SonaeError, match="encoding") as caught:
        decode(raw, "t.csv")
    assert "8行目" in caught.value.detail and "3" not in caught.value.detail


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=6),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=6),
    st.sampled_from([("cp932", "utf-8"), ("utf-8", "cp932"), ("euc_jp", "utf-8")]),
)
def test_lines_added_in_another_encoding_are_told_and_never_read_as_nonsense(
    first: list[str], added: list[str], encodings: tuple[str, str]
) -> None:
    """UTF-8 lines are often sound Shift_JIS: 原田 would be read as 蜴溽伐."""
    one, other = encodings
    raw = "".join(f"{name},1\n" for name in ["氏名", *first]).encode(one)
    raw += "".join(f"{name},1\n" for name in added).encode(other)
    with pytest.raises(SonaeError, match="encoding") as caught:
        decode(raw, "t.csv")
    numbers = range(len(first) + 2, len(first) + len(added) + 2)
    assert "、".join(map(str, numbers)) + "行目" in caught.value.detail


KANJI = st.text(st.sampled_from("あいソ-,ａ亜秋備東京太郎髙①"), min_size=1, max_size=30)
HALF = st.text(st.sampled_from("ｱｲｳｴｵﾔﾏﾀﾞﾛｳﾃｽ-,1"), min_size=1, max_size=30)


@given(st.one_of(KANJI, HALF))
def test_a_table_of_one_encoding_is_no_mixture(text: str) -> None:
    raw = f"名称,所在地\n{text}\n東京都,避難所\n"
    assert decode(raw.encode("cp932"), "t.csv") == raw
