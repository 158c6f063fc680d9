"""What can be wrong with a roster, in words (名簿の欠陥)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _(text: str) -> str:
    """Mark words for the catalogues; engines speak Japanese, screens translate."""
    return text


PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "no_name": (_("氏名もフリガナもない行"), _("この行は取り込みません。紙を見て、名前を書き足してください。")),
    "no_name_above": (_("「同上」の上に行がない"), _("この行は取り込みません。紙を見て、名前を書いてください。")),
    "bad_date": (_("生年月日として読めない"), _("書かれたまま残し、照合には使いません。")),
    "future_date": (_("生年月日が名簿の日付より後"), _("書かれたまま残し、照合には使いません。")),
    "bad_age": (_("年齢として読めない"), _("書かれたまま残し、照合には使いません。")),
    "bad_sex": (_("性別として読めない"), _("書かれたまま残し、照合には使いません。")),
    "bad_status": (_("安否が読めない、または死亡・不明などの言葉"), _("安否は「不明」とし、探し続けます。電話などで確かめてください。")),
    "too_long": (_("文字が多すぎる"), _("はじめの部分だけを使い、元の文字は行に残します。")),
    "control": (_("目に見えない文字"), _("その文字を取り除きました。")),
    "gaiji": (_("外字または〓"), _("そのまま残します。照合では、その1文字を手がかりにしません。")),
    "duplicate": (_("同じ内容の行が前にもある"), _("両方を取り込みます。同じ人なら、照合のときに1人にまとめます。")),
    "heading_again": (_("見出しの行がもう一度ある"), _("この行は取り込みません。")),
    "total_row": (_("合計などの行"), _("人ではないので、取り込みません。")),
    "merged_cells": (_("結合されたセル"), _("はじめのセルの値を、結合された行すべてに使いました。")),
    "more_cells": (_("見出しより多いセル"), _("書かれたまま残し、取り込みには使いません。")),
    "unknown_column": (_("項目の分からない列"), _("書かれたまま残します。使うときは、列の対応を直してください。")),
    "other_sheet": (_("ほかのシート"), _("このシートは読みません。必要なら、別のファイルとして送ってください。")),
    "birth_and_age": (_("生年月日と年齢が合わない"), _("両方をそのまま残します。照合では生年月日を先に使います。")),
}  # fmt: skip
"""Code → what it is, and what was done about it."""
