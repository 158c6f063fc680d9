"""What a file of people may say (項目): every item with its names in other systems' headings.

Sources of the names: 住民記録システム標準仕様書 1.1.1, 災害対策基本法 第49条の10・第49条の14, the 32 columns
of LGDPM, `sonae people match` (REG). What is in none of them is not taken in: a register in a disaster
needs no 個人番号, no 本籍, no 国保.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Item:
    """One item: its name on screens, how it is read (`converters.CONVERTERS`), headings that mean it.

    ``of``: person, home, change, registrant, plan or point.
    """

    code: str
    name: str
    reads: str
    of: str
    headings: tuple[str, ...] = ()


def _(text: str) -> str:
    """Mark a name for the catalogues; engines speak Japanese, screens translate."""
    return text


_LIST: Final = (
    Item("number", _("宛名番号"), "number", "person", ("識別番号", "個人宛名番号", "住民番号", "宛名コード",
         "整理番号", "住民コード", "atena")),
    Item("resident_id", _("住民ID"), "text", "person", ("resident_id",)),
    Item("household", _("世帯番号"), "number", "person", ("世帯コード", "世帯ID", "household_id", "household")),
    Item("name", _("氏名"), "name", "person", ("氏名漢字", "漢字氏名", "住民氏名", "name", "名前", "氏名_漢字",
         "氏名（漢字）", "対象者氏名", "本人氏名")),
    Item("family", _("氏"), "name", "person", ("姓", "氏漢字", "family_name", "苗字")),
    Item("given", _("名"), "name", "person", ("名漢字", "given_name")),
    Item("kana", _("フリガナ"), "kana", "person", ("氏名カナ", "カナ氏名", "氏名のフリガナ", "ふりがな", "kana",
         "氏名_カナ", "氏名フリガナ", "カナ", "氏名（カナ）", "振り仮名")),
    Item("kana_family", _("氏のフリガナ"), "kana", "person", ("氏カナ", "セイ", "姓カナ", "氏フリガナ")),
    Item("kana_given", _("名のフリガナ"), "kana", "person", ("名カナ", "メイ", "名フリガナ")),
    Item("former_name", _("旧氏"), "name", "person", ("旧姓", "通称", "旧氏漢字")),
    Item("birth", _("生年月日"), "date", "person", ("出生年月日", "birth_date", "生年月日和暦", "誕生日", "birthday",
         "生年月日（和暦）", "生年月日（西暦）")),
    Item("sex", _("性別"), "sex", "person", ("男女", "性別コード", "sex", "男女の別")),
    Item("relation", _("続柄"), "text", "person", ("世帯主との続柄", "続柄名", "relation", "世帯主の氏名及び世帯主との続柄")),
    Item("phone", _("電話番号"), "phone", "person", ("電話", "連絡先", "連絡先電話番号", "phone", "tel", "携帯電話",
         "電話番号その他の連絡先")),
    Item("email", _("メールアドレス"), "email", "person", ("email", "e-mail", "メール")),
    Item("language", _("言語"), "language", "person", ("使用言語", "language")),
    Item("state", _("住民状態"), "state", "person", ("住民状態コード", "住民区分", "現存区分", "消除区分")),
    Item("left_on", _("異動年月日"), "date", "person", ("住民でなくなった年月日", "転出年月日", "消除年月日",
         "転出日", "異動日")),
    Item("left_reason", _("異動事由"), "text", "person", ("消除事由", "異動事由名")),
    Item("shielded", _("支援措置"), "shield", "person", ("支援措置対象", "支援措置対象者", "抑止フラグ", "支援措置区分",
         "DV等支援措置", "閲覧制限", "shielded")),
    Item("shield_from", _("支援措置の開始日"), "date", "person", ("支援措置開始日", "支援措置開始年月日")),
    Item("shield_until", _("支援措置の終了日"), "date", "person", ("支援措置終了日", "支援措置終了年月日",
         "支援措置期限")),
    Item("shield_provisional", _("仮支援措置"), "flag", "person", ("仮支援措置区分",)),
    Item("shield_together", _("併せて支援を求める者"), "flag", "person", ("併せて支援を求める者区分",)),
    Item("change", _("異動区分"), "change", "change", ("変更区分", "更新区分", "処理区分", "差分区分", "change")),
    Item("address", _("住所"), "address", "home", ("現住所", "住所又は居所", "住所連結", "address", "所在地",
         "住所（方書を含む）", "所在地_連結表記")),
    Item("prefecture", _("都道府県"), "text", "home", ("都道府県名", "住所_都道府県", "所在地_都道府県")),
    Item("city", _("市区町村"), "text", "home", ("市区町村名", "住所_市区町村", "市町村名", "所在地_市区町村")),
    Item("town", _("町字"), "text", "home", ("町名", "町字名", "大字", "住所_町字", "大字町名", "所在地_町字",
         "大字・丁目名", "大字町丁目名")),
    Item("town_code", _("町字コード"), "text", "home", ("町字ID", "住所コード", "大字町丁目コード")),
    Item("block", _("番地"), "text", "home", ("番地号", "番地枝番", "住所_番地以下", "住所_番地号", "地番",
         "所在地_番地以下", "街区符号・地番")),
    Item("house", _("住居番号"), "text", "home", ("号", "住居番号1")),
    Item("building", _("方書"), "text", "home", ("住所方書", "住所_方書", "建物名", "建物名等(方書)")),
    Item("latitude", _("緯度"), "degrees", "home", ("lat", "latitude", "北緯")),
    Item("longitude", _("経度"), "degrees", "home", ("lon", "lng", "longitude", "東経")),
    Item("storeys", _("建物の階数"), "count", "home", ("階数", "storeys")),
    Item("floor", _("居住階"), "count", "home", ("floor", "居住している階")),
    Item("reason", _("避難支援等を必要とする事由"), "text", "registrant", ("事由", "支援の必要性", "支援を必要とする事由",
         "支援事由", "要件", "該当要件")),
    Item("care_level", _("要介護・障害等級"), "text", "registrant", ("要介護度", "要介護状態区分", "障害等級", "等級")),
    Item("wheelchair", _("車いす"), "flag", "registrant", ("車椅子", "車いす利用")),
    Item("dwelling", _("居所"), "text", "registrant", ("居所（住所と異なるとき）", "現在の居所")),
    Item("contact", _("電話番号その他の連絡先"), "text", "registrant", ("緊急連絡先", "本人の連絡先")),
    Item("note", _("特記事項"), "text", "registrant", ("備考", "その他", "留意事項")),
    Item("supporter", _("避難支援等実施者"), "text", "plan", ("避難支援等実施者氏名", "支援者", "支援者氏名",
         "避難支援者", "支援者名")),
    Item("supporter_address", _("実施者の住所"), "text", "plan", ("支援者住所", "避難支援等実施者住所")),
    Item("supporter_phone", _("実施者の連絡先"), "phone", "plan", ("支援者電話", "支援者連絡先", "支援者電話番号",
         "避難支援等実施者電話番号")),
    Item("supporter_relation", _("実施者との関係"), "text", "plan", ("支援者との関係", "本人との関係")),
    Item("destination", _("避難施設"), "text", "plan", ("避難場所", "避難先", "避難施設その他の避難場所")),
    Item("route", _("避難経路"), "text", "plan", ("避難路", "経路", "避難路その他の避難経路")),
    Item("measures", _("避難支援の方法"), "text", "plan", ("支援内容", "支援の方法", "配慮事項")),
)  # fmt: skip

ITEMS: Final = {one.code: one for one in _LIST}
"""Code of an item → the item. Codes are stored in mappings: add, never rename."""

PURPOSES: Final = {
    "register": ("person", "home", "change"),
    "registrants": ("person", "home", "registrant"),
    "plans": ("person", "home", "registrant", "plan"),
    "points": ("home",),
}
"""What a file is for → whose items it may say."""

REFUSED: Final = ("個人番号", "マイナンバー", "住民票コード")
"""Headings that are never taken in, whatever a mapping says (番号法 第19条・第20条)."""

_SIGNS: Final = re.compile(r"[\s_・･/／()（）\[\]【】「」:：*＊※.-]")


def heading_key(text: str) -> str:
    """Return a heading in the form in which spellings of it meet: NFKC, lower case, no signs."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text)).lower()


def refused(heading: str) -> bool:
    """Tell whether a column must not be taken in."""
    key = heading_key(heading)
    return any(heading_key(word) in key for word in REFUSED)


def _meanings() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for one in _LIST:
        for heading in (one.name, one.code, *one.headings):
            found.setdefault((one.of, heading_key(heading)), one.code)
    return found


_BY_HEADING: Final = _meanings()


def meaning(heading: str, purpose: str) -> str:
    """Return the item that a heading names in a file of this purpose; empty when it names none."""
    if refused(heading):
        return ""
    key = heading_key(heading)
    groups = PURPOSES[purpose]
    found = (_BY_HEADING.get((group, key), "") for group in reversed(groups))
    return next((code for code in found if code), "")


def items_of(purpose: str) -> list[Item]:
    """Return the items that a file of this purpose may say, in their order."""
    return [one for one in _LIST if one.of in PURPOSES[purpose]]
