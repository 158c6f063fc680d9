"""The columns of lists of facilities: the standard's own, and what other lists call the same.

Source: 自治体標準オープンデータセット 指定緊急避難場所一覧 (39 columns), 国土地理院 指定緊急避難場所・
指定避難所データ, and headings seen in tables that municipalities publish.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

NATIONAL_FLAGS: Final = {
    "flood": "洪水",
    "landslide": "崖崩れ、土石流及び地滑り",
    "storm_surge": "高潮",
    "earthquake": "地震",
    "tsunami": "津波",
    "fire": "大規模な火事",
    "inland_flood": "内水氾濫",
    "volcano": "火山現象",
}
"""Our names of the eight hazards → the columns of the national list, in its order."""

FLAG_PREFIX: Final = "災害種別_"

STANDARD: Final[tuple[str, ...]] = (
    "全国地方公共団体コード", "ID", "名称", "名称_カナ", "名称_英字", "所在地_全国地方公共団体コード",
    "町字ID", "所在地_連結表記", "所在地_都道府県", "所在地_市区町村", "所在地_町字", "所在地_番地以下",
    "建物名等(方書)", "緯度", "経度", "標高", "電話番号", "内線番号", "連絡先メールアドレス",
    "連絡先FormURL", "連絡先備考（その他、SNSなど）", "郵便番号", "市区町村コード", "地方公共団体名",
    *(FLAG_PREFIX + name for name in NATIONAL_FLAGS.values()),
    "指定避難所との重複", "想定収容人数", "対象となる町会・自治会", "URL", "画像", "画像_ライセンス", "備考",
)  # fmt: skip
"""The heading of the standard table, in its order and spelling (full-width brackets and all)."""

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "共通id", "施設id", "避難所id", "no", "番号", "施設番号", "整理番号", "site id",
           "facility id", "shelter id", "code"),
    "name": ("名称", "施設名", "施設・場所名", "施設名称", "避難所名", "避難場所名", "避難所名称",
             "避難場所名称", "施設の名称", "場所名", "名前", "name", "facility name", "shelter name",
             "site name", "facility", "shelter", "p20 002"),
    "kana": ("名称 カナ", "名称カナ", "施設名カナ", "カナ", "フリガナ", "ふりがな", "読み", "kana",
             "name kana"),
    "english": ("名称 英字", "英語名", "施設名 英字", "name en", "english name"),
    "town_id": ("町字id",),
    "lat": ("緯度", "lat", "latitude", "北緯", "y", "世界測地系緯度"),
    "lon": ("経度", "lon", "lng", "long", "longitude", "東経", "x", "世界測地系経度"),
    "address": ("所在地 連結表記", "所在地", "住所", "施設所在地", "所在地住所", "address", "location",
                "street address", "p20 003"),
    "capacity": ("想定収容人数", "収容人数", "収容可能人数", "収容人員", "最大収容人数", "避難可能人数",
                 "定員", "capacity", "max capacity", "p20 005"),
    "indoor": ("想定収容人数 屋内", "収容人数 屋内", "屋内収容人数", "屋内", "indoor capacity", "capacity indoor"),
    "outdoor": ("想定収容人数 屋外", "収容人数 屋外", "屋外収容人数", "屋外", "outdoor capacity", "capacity outdoor"),
    "admits": ("受入対象者", "対象者", "受入対象", "admits", "restricted to"),
    "usable": ("使用可否", "利用可否", "usable"),
    "usable_reason": ("使用できない理由", "usable reason"),
    "note": ("備考", "note", "notes", "remarks", "特記事項", "注意事項"),
    "shelter_too": ("指定避難所との重複", "指定避難所との住所同一", "also shelter"),
    "site_too": ("指定緊急避難場所との住所同一", "指定緊急避難場所との重複", "also emergency site"),
    "kind": ("種別", "区分", "施設種別", "避難所種別", "避難所区分", "kind", "type"),
    "hazards": ("災害種別", "対応災害", "対象災害", "対応する災害", "適用災害", "hazards", "hazard types"),
    "city_code": ("全国地方公共団体コード", "所在地 全国地方公共団体コード", "市区町村コード", "団体コード",
                  "municipality code", "p20 001"),
    "prefecture": ("所在地 都道府県", "都道府県", "都道府県名", "prefecture"),
    "city": ("所在地 市区町村", "市区町村", "市区町村名", "地方公共団体名", "都道府県名及び市町村名",
             "municipality", "city"),
    "town": ("所在地 町字", "町名", "町字", "大字"),
    "block": ("所在地 番地以下", "番地"),
    "building": ("建物名等(方書)", "建物名"),
    "remark": ("連絡先備考(その他、snsなど)",),
    "towns": ("対象となる町会・自治会", "対象地区", "対象町会", "対象自治会"),
    "licence": ("画像 ライセンス",),
    "elevation": ("標高", "elevation", "altitude"),
    "phone": ("電話番号", "連絡先", "連絡先電話番号", "tel", "phone", "telephone"),
    "extension": ("内線番号", "内線", "extension"),
    "mail": ("連絡先メールアドレス", "メールアドレス", "メール", "email", "e-mail", "mail"),
    "form": ("連絡先formurl",),
    "postcode": ("郵便番号", "postal code", "postcode", "zip"),
    "url": ("url", "ホームページ", "webサイト", "website", "homepage"),
    "picture": ("画像", "image", "写真"),
}  # fmt: skip
"""What a column holds → headings for it, as `plain_heading` writes them."""

HAZARD_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "flood": ("洪水", "洪水等", "河川洪水", "flood", "flooding", "river flood"),
    "landslide": ("崖崩れ、土石流及び地滑り", "がけ崩れ、土石流及び地滑り", "崖崩れ、土石流及び地すべり",
                  "崖崩れ・土石流・地滑り", "土砂災害", "土砂", "がけ崩れ", "崖崩れ", "landslide", "sediment disaster"),
    "storm_surge": ("高潮", "storm surge", "high tide"),
    "earthquake": ("地震", "地震災害", "大地震", "earthquake"),
    "tsunami": ("津波", "tsunami"),
    "fire": ("大規模な火事", "大規模火災", "大規模な火災", "火災", "火事", "fire", "large fire", "large scale fire"),
    "inland_flood": ("内水氾濫", "内水", "inland flood", "inland flooding", "inland water"),
    "volcano": ("火山現象", "火山", "火山噴火", "噴火", "volcano", "volcanic", "eruption"),
}  # fmt: skip
"""Hazard → headings of its designation column, as `plain_heading` writes them."""

_KNOWN: Final = {
    spelling: (key, rank)
    for key, names in (ALIASES | HAZARD_ALIASES).items()
    for rank, spelling in enumerate(names)
}
_BRACKETS: Final = re.compile(r"\([^()]*\)")
_MOMENT: Final = re.compile(
    r"[\s_(]*(?:r\d+[./-]|令和\d+年)?(?:\d{4}[-/.年])?\d{1,2}[-/.月]\d{1,2}日?"
    r"(?:[\st]*\d{1,2}[:時]\d{2}分?(?::\d{2})?)?(?:\s*(?:現在|時点))?[)\s]*"
)


def without_moment(heading: str) -> str:
    """Return a heading without the date or time that some editions write into it."""
    plain = unicodedata.normalize("NFKC", heading)
    return _MOMENT.sub("", plain) if _MOMENT.search(plain) else plain


def plain_heading(heading: str) -> str:
    """Return a heading for comparison: half width, lower case, one blank for every separator."""
    text = unicodedata.normalize("NFKC", heading).replace("\ufeff", "").strip().lower()
    return " ".join(re.split(r"[\s_:：]+", text)).strip(" ・")


def meaning(heading: str) -> str | None:
    """Return what a column holds (a key of `ALIASES` or a hazard) by its heading; None when unknown."""
    return found[0] if (found := _ranked(heading)) else None


def _ranked(heading: str) -> tuple[str, int] | None:
    """Return what a column holds and how usual this name for it is, 0 being the most."""
    text = plain_heading(without_moment(heading))
    shapes = (
        text,
        _BRACKETS.sub("", text).strip(),
        re.sub(r"^(?:災害種別|対応災害|対象災害)\s*", "", text),
    )
    for shape in shapes:
        bare = re.sub(r"(?:への対応|の適否|の適合|対応|時)$|(?:\s(?:flag|ok|suitable))$", "", shape)
        if found := _KNOWN.get(shape) or _KNOWN.get(bare):
            return found
    return None


def meanings(headings: Sequence[str]) -> dict[int, str]:
    """Return position → what the column holds; of several of a kind the most usual name counts."""
    best: dict[str, tuple[int, int]] = {}
    for at, heading in enumerate(headings):
        if found := _ranked(heading):
            key, rank = found
            best[key] = min(best.get(key, (rank, at)), (rank, at))
    return dict(sorted((at, key) for key, (_, at) in best.items()))
