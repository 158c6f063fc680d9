"""What each defect of a list means, and what the people who keep the list can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Problem:
    """A kind of defect: its name, and what to do. ``grave`` ones can send people to a wrong place."""

    name: str
    advice: str
    grave: bool = False


ACTIONS: Final = {"kept": "そのまま", "corrected": "読み替えた", "left_out": "使わなかった"}

PROBLEMS: Final[dict[str, Problem]] = {
    "empty_file": Problem("ファイルが空", "出し直してもらってください。前の一覧を使い続けます。", True),
    "unreadable": Problem("読めないファイル", "CSVかxlsxで保存し直してください。前の一覧を使い続けます。", True),
    "encoding": Problem("文字コードが分からない", "UTF-8で保存し直してください。", True),
    "missing_columns": Problem("見出しがない", "1行目に名称・緯度・経度などの見出しを入れてください。", True),
    "too_large": Problem("大きすぎる", "避難所の一覧のファイルかどうか、確かめてください。", True),
    "shifted_columns": Problem("列がずれている", "元の表で、この行の列の位置を直してください。", True),
    "split_number": Problem("数がコンマで分かれている", "元の表で、数を引用符で囲むか、コンマを取ってください。"),
    "cell_without_heading": Problem("見出しのない値", "見出しを付けるか、値を消してください。"),
    "missing_column": Problem("列がない", "この項目は「不明」として扱います。"),
    "unknown_column": Problem("知らない見出し", "値は残してあります。標準の見出しなら、つづりを直してください。"),
    "moment_in_heading": Problem("見出しに日時がある", "日時は別の列にしてください。毎回見出しが変わってしまいます。"),
    "repeated_heading": Problem("見出しの繰り返し", "この行は施設ではないので使いませんでした。"),
    "other_sheet": Problem("読んでいないシート", "必要なら、1つのシートにまとめてください。", True),
    "not_a_feature": Problem("施設として読めない", "元のデータを確かめてください。", True),
    "no_name": Problem("名称がない", "名称を入れてください。このままでは一覧に入れられません。", True),
    "placeholder": Problem("仮の名称", "本当の名称に直してください。このままでは一覧に入れられません。", True),
    "garbled": Problem("文字が化けている", "元の表の文字を確かめ、UTF-8で保存し直してください。"),
    "no_id": Problem("IDがない", "名称と所在地で見分けます。できればIDを付けてください。"),
    "provisional_id": Problem("仮のID", "指定される前に開いた施設かもしれません。指定を確かめてください。"),
    "duplicate": Problem("重複", "同じ施設なら1行にまとめてください。別の施設ならIDを分けてください。", True),
    "closed_in_name": Problem("使えないと書いてある", "使えない施設として扱います。終わったら、文を消してください。", True),
    "closed_in_part": Problem("一部が使えないと書いてある", "どの災害・どの部分のことか、確かめてください。"),
    "no_position": Problem("緯度経度がない", "緯度と経度を入れてください。", True),
    "not_a_number": Problem("数で書かれていない", "数だけにし、説明は備考に書いてください。"),
    "not_decimal": Problem("十進数の緯度経度でない", "十進数の度に直してください。"),
    "swapped_position": Problem("緯度と経度が逆", "逆にして読みました。元の表を直してください。", True),
    "outside_municipality": Problem("市の外にある", "位置と所在地を確かめてください。", True),
    "same_position": Problem("別の施設と同じ位置", "それぞれの位置に直してください。"),
    "not_a_flag": Problem("指定の印が読めない", "1・0か、○・△・×で書いてください。読めない印は「不明」です。", True),
    "flag_with_condition": Problem("条件つきの指定", "一部指定（△）として扱います。条件を住民に伝えられるようにしてください。"),
    "blank_flag": Problem("指定の印が空欄", "指定なしなのか未調査なのか分からないので「不明」です。", True),
    "zero_capacity": Problem("収容人数が0", "不明なら空欄にしてください。0人の施設には、だれも割り当てません。"),
    "character_variants": Problem("文字の種類が不ぞろい", "ほかの行と同じ全角・半角、同じハイフンにそろえてください。"),
    "not_a_designation": Problem("指定ではない印", "この資料の印は、災害ごとの指定として使いません。"),
    "in_hazard_zone": Problem("指定された災害の危険区域の中", "指定が正しいか、担当課に確かめてください。指定は変えていません。", True),
    "too_long": Problem("長すぎる", "名称は120字、所在地は200字までにしてください。"),
}  # fmt: skip
"""Code of a defect → what it means. Codes are part of the contract; add, never rename."""
