"""What each defect of a list means, and what the people who keep the list can do about it."""

from __future__ import annotations

from typing import Final

from sonae.engines.defects import Problem


def _(text: str) -> str:
    """Mark a sentence for the catalogues; engines speak Japanese, screens translate."""
    return text


PROBLEMS: Final[dict[str, Problem]] = {
    "empty_file": Problem(
        _("ファイルが空"), _("出し直してもらってください。前の一覧を使い続けます。"), True
    ),
    "unreadable": Problem(
        _("読めないファイル"), _("CSVかxlsxで保存し直してください。前の一覧を使い続けます。"), True
    ),
    "encoding": Problem(_("文字コードが分からない"), _("UTF-8で保存し直してください。"), True),
    "missing_columns": Problem(
        _("見出しがない"), _("1行目に名称・緯度・経度などの見出しを入れてください。"), True
    ),
    "too_large": Problem(
        _("大きすぎる"), _("避難所の一覧のファイルかどうか、確かめてください。"), True
    ),
    "shifted_columns": Problem(
        _("列がずれている"), _("元の表で、この行の列の位置を直してください。"), True
    ),
    "split_number": Problem(
        _("数がコンマで分かれている"), _("元の表で、数を引用符で囲むか、コンマを取ってください。")
    ),
    "cell_without_heading": Problem(
        _("見出しのない値"), _("見出しを付けるか、値を消してください。")
    ),
    "missing_column": Problem(_("列がない"), _("この項目は「不明」として扱います。")),
    "unknown_column": Problem(
        _("知らない見出し"), _("値は残してあります。標準の見出しなら、つづりを直してください。")
    ),
    "moment_in_heading": Problem(
        _("見出しに日時がある"), _("日時は別の列にしてください。毎回見出しが変わってしまいます。")
    ),
    "repeated_heading": Problem(
        _("見出しの繰り返し"), _("この行は施設ではないので使いませんでした。")
    ),
    "other_sheet": Problem(
        _("読んでいないシート"), _("必要なら、1つのシートにまとめてください。"), True
    ),
    "not_a_feature": Problem(_("施設として読めない"), _("元のデータを確かめてください。"), True),
    "no_name": Problem(
        _("名称がない"), _("名称を入れてください。このままでは一覧に入れられません。"), True
    ),
    "placeholder": Problem(
        _("仮の名称"), _("本当の名称に直してください。このままでは一覧に入れられません。"), True
    ),
    "garbled": Problem(
        _("文字が化けている"), _("元の表の文字を確かめ、UTF-8で保存し直してください。")
    ),
    "no_id": Problem(_("IDがない"), _("名称と所在地で見分けます。できればIDを付けてください。")),
    "provisional_id": Problem(
        _("仮のID"), _("指定される前に開いた施設かもしれません。指定を確かめてください。")
    ),
    "duplicate": Problem(
        _("重複"), _("同じ施設なら1行にまとめてください。別の施設ならIDを分けてください。"), True
    ),
    "rows_differ": Problem(
        _("同じ施設の行が食い違う"),
        _("先の行の値を使いました。正しい値を確かめ、1行にまとめてください。"),
        True,
    ),
    "closed_in_name": Problem(
        _("使えないと書いてある"),
        _("使えない施設として扱います。終わったら、文を消してください。"),
        True,
    ),
    "closed_in_part": Problem(
        _("一部が使えないと書いてある"), _("どの災害・どの部分のことか、確かめてください。")
    ),
    "no_position": Problem(_("緯度経度がない"), _("緯度と経度を入れてください。"), True),
    "not_a_number": Problem(_("数で書かれていない"), _("数だけにし、説明は備考に書いてください。")),
    "not_decimal": Problem(_("十進数の緯度経度でない"), _("十進数の度に直してください。")),
    "swapped_position": Problem(
        _("緯度と経度が逆"), _("逆にして読みました。元の表を直してください。"), True
    ),
    "outside_municipality": Problem(_("市の外にある"), _("位置と所在地を確かめてください。"), True),
    "same_position": Problem(_("別の施設と同じ位置"), _("それぞれの位置に直してください。")),
    "not_a_flag": Problem(
        _("指定の印が読めない"),
        _("1・0か、○・△・×で書いてください。読めない印は「不明」です。"),
        True,
    ),
    "flag_with_condition": Problem(
        _("条件つきの指定"),
        _("一部指定（△）として扱います。条件を住民に伝えられるようにしてください。"),
    ),
    "blank_flag": Problem(
        _("指定の印が空欄"), _("指定なしなのか未調査なのか分からないので「不明」です。"), True
    ),
    "zero_capacity": Problem(
        _("収容人数が0"), _("不明なら空欄にしてください。0人の施設には、だれも割り当てません。")
    ),
    "character_variants": Problem(
        _("文字の種類が不ぞろい"), _("ほかの行と同じ全角・半角、同じハイフンにそろえてください。")
    ),
    "not_a_designation": Problem(
        _("指定ではない印"), _("この資料の印は、災害ごとの指定として使いません。")
    ),
    "in_hazard_zone": Problem(
        _("指定された災害の危険区域の中"),
        _("指定が正しいか、担当課に確かめてください。指定は変えていません。"),
        True,
    ),
    "too_long": Problem(_("長すぎる"), _("名称は120字、所在地は200字までにしてください。")),
}
"""Code of a defect → what it means. Codes are part of the contract; add, never rename."""
