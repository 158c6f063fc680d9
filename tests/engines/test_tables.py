"""Tables as people save them: the text is the same, whatever encoding an office still uses."""

from __future__ import annotations

import pytest

from sonae.core.errors import SonaeError
from sonae.engines import sheets
from sonae.engines.tables import decode

TABLE = "名称,所在地,収容人数\n広塚児童館,備え市広塚1丁目2番,540\n第一小学校,備え市本町,300\n"
KANA = "ID,ﾅﾏｴ\n1,ﾋﾛﾂｶｼﾞﾄﾞｳｶﾝ\n2,ﾀﾞｲｲﾁｼｮｳｶﾞｯｺｳ\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16"])
def test_every_encoding_of_an_office_reads_the_same(encoding: str) -> None:
    assert decode(TABLE.encode(encoding), "t.csv") == TABLE
    assert sheets.decoded(TABLE.encode(encoding), "t.csv")[0] == TABLE, "and in a roster"


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
