"""What is wrong with rows of a file of people, in words: what it means and what to do about it."""

from __future__ import annotations

from typing import Final

from sonae.engines.defects import Problem


def _(text: str) -> str:
    """Mark a sentence for the catalogues; engines speak Japanese, screens translate."""
    return text


PROBLEMS: Final[dict[str, Problem]] = {
    "empty_file": Problem(_("ファイルが空"), _("出し直してもらってください。いまの住民情報を使い続けます。"), True),
    "unreadable": Problem(_("読めないファイル"), _("CSVかxlsxで保存し直してください。"), True),
    "encoding": Problem(_("文字コードが混ざっている"), _("1つの文字コード（UTF-8）で保存し直してください。"), True),
    "too_large": Problem(_("大きすぎる"), _("住民のファイルかどうか、確かめてください。"), True),
    "missing_column": Problem(_("必要な列がない"), _("列の対応づけで、この項目の列を選んでください。"), True),
    "merged_cells": Problem(_("結合されたセル"), _("元の表で結合を解き、すべての行に値を入れてください。"), True),
    "other_sheet": Problem(_("読んでいないシート"), _("必要なら、1つのシートにまとめてください。"), True),
    "short_row": Problem(_("列が足りない行"), _("行が途中で切れています。元のファイルを確かめてください。"), True),
    "cell_without_heading": Problem(_("見出しのない値"), _("列がずれていないか、元の表を確かめてください。"), True),
    "repeated_heading": Problem(_("見出しの繰り返し"), _("この行は人ではないので使いませんでした。")),
    "no_number": Problem(_("番号がない"), _("宛名番号を入れてください。番号がない人は取り込めません。"), True),
    "not_a_number": Problem(_("番号の形でない"), _("数字だけの番号か、確かめてください。"), True),
    "duplicate": Problem(_("番号の重複"), _("同じ番号が2回あります。初めの行を使いました。"), True),
    "check_digit": Problem(_("検査数字が合わない"), _("番号の写し間違いでないか、確かめてください。")),
    "no_name": Problem(_("氏名がない"), _("氏名を入れてください。このままでは取り込めません。"), True),
    "no_household": Problem(_("世帯番号がない"), _("住所が同じ人を1つの世帯として扱いました。")),
    "kana_unreadable": Problem(_("カナでないフリガナ"), _("カナだけで書いてください。検索で見つけにくくなります。")),
    "no_kana": Problem(_("フリガナがない"), _("フリガナを入れてください。カナでは見つかりません。")),
    "gaiji": Problem(_("外字"), _("文字はそのまま残し、検索では〓として扱います。文字の対応表を確かめてください。")),
    "control_character": Problem(_("制御文字"), _("目に見えない文字を取り除きました。")),
    "bad_date": Problem(_("日付を読めない"), _("書かれたまま残し、生年月日は不明として扱います。")),
    "future_date": Problem(_("先の日付"), _("日付を確かめてください。")),
    "irregular_date": Problem(_("暦にない日付"), _("書かれたまま残しました（住民記録の標準で認められています）。")),
    "not_a_sex": Problem(_("性別を読めない"), _("性別は不明として扱います。")),
    "not_a_flag": Problem(_("有無を読めない"), _("1・0か、有・無で書いてください。"), True),
    "shield_unread": Problem(_("支援措置を読めない"), _("支援措置の対象として扱いました。対象でない印は、0か無で書いてください。"), True),
    "not_a_change": Problem(_("異動区分を読めない"), _("追加・変更・削除のどれかで書いてください。"), True),
    "bad_position": Problem(_("緯度経度を読めない"), _("町の代表点を使います。位置を直してください。")),
    "not_a_phone": Problem(_("電話番号の形でない"), _("書かれたまま残しました。")),
    "not_an_address": Problem(_("メールアドレスの形でない"), _("取り込みませんでした。")),
    "too_long": Problem(_("長すぎる"), _("入りきらない部分を切りました。元の値を確かめてください。"), True),
    "no_address": Problem(_("住所がない"), _("家の場所が分からないので、避難先を案内できません。"), True),
    "town_unknown": Problem(_("町名を読めない住所"), _("家の場所が分かりません。町名を直すか、町字の列を選んでください。"), True),
    "addresses_differ": Problem(_("世帯の中で住所がちがう"), _("世帯で初めの行の住所を使いました。"), True),
    "unknown_person": Problem(_("台帳にいない人"), _("番号を確かめてください。"), True),
    "several_people": Problem(_("同じ氏名と生年月日の人が複数いる"), _("宛名番号の列を付けてください。"), True),
    "already_there": Problem(_("すでに台帳にいる人"), _("追加ではなく変更として扱いました。")),
    "no_reason": Problem(_("事由がない"), _("避難支援等を必要とする事由を入れてください（第49条の10）。")),
    "bad_state": Problem(_("住民状態を読めない"), _("現に住んでいる人として扱いました。"), True),
}  # fmt: skip
"""Code of a defect → what it means. Codes are stored and exported: add, never rename."""
