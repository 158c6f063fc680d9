"""The states of things in words, each with the tone of its badge: one table for every page."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

from sonae.web.words import CHANNELS, CONDITIONS

STATES: dict[str, dict[str, tuple[object, str]]] = {
    "facility": {
        "open": (lazy("開設中"), "good"),
        "preparing": (lazy("開設準備中"), "caution"),
        "full": (lazy("満員"), "bad"),
        "closed": (lazy("閉鎖"), "bad"),
        "unknown": (lazy("開設は未確認"), ""),
    },
    "list": {
        "waiting": (lazy("決定待ち"), "caution"),
        "in_force": (lazy("使用中"), "good"),
        "replaced": (lazy("新しい一覧に替わった"), ""),
        "overtaken": (lazy("新しい案に置き換えられた"), ""),
        "discarded": (lazy("取りやめた"), ""),
        "refused": (lazy("読めなかった"), "bad"),
    },
    "edition": {
        "mapping": (lazy("列を選ぶ"), "caution"),
        "reading": (lazy("読み取り中"), "info"),
        "waiting": (lazy("決定待ち"), "caution"),
        "agreed": (lazy("2人目の確認待ち"), "caution"),
        "applying": (lazy("書き込み中"), "info"),
        "failed": (lazy("書き込めなかった"), "bad"),
        "in_force": (lazy("反映済み"), "good"),
        "overtaken": (lazy("新しい案に置き換えられた"), ""),
        "discarded": (lazy("取りやめた"), ""),
        "refused": (lazy("読めなかった"), "bad"),
        "undone": (lazy("取り消した"), ""),
    },
    "roster": {
        "typing": (lazy("入力中"), "info"),
        "waiting": (lazy("確認待ち"), "caution"),
        "taken": (lazy("取り込み済み"), "good"),
        "discarded": (lazy("取りやめた"), ""),
        "refused": (lazy("読めなかった"), "bad"),
    },
    "weights": {
        "waiting": (lazy("決定待ち"), "caution"),
        "in_force": (lazy("使用中"), "good"),
        "replaced": (lazy("使い終わった"), ""),
        "overtaken": (lazy("新しい案に置き換えられた"), ""),
        "discarded": (lazy("取りやめた"), ""),
    },
    "roster_line": {
        "waiting": (lazy("照合前"), ""),
        "open": (lazy("確認待ち"), "caution"),
        "settled": (lazy("照合済み"), "good"),
    },
    "request": {
        "received": (lazy("受付"), "caution"),
        "drafted": (lazy("決裁待ち"), "caution"),
        "decided": (lazy("回答待ち"), "info"),
        "given": (lazy("回答した"), "good"),
        "withdrawn": (lazy("取り下げ"), ""),
    },
    "names": {
        "draft": (lazy("案"), "caution"),
        "checked": (lazy("支援措置の照合ずみ"), "caution"),
        "approved": (lazy("1人が決裁"), "caution"),
        "in_force": (lazy("県へ渡せる"), "good"),
        "ended": (lazy("終わった"), ""),
    },
    "setting": {
        "waiting": (lazy("もう1人の確認待ち"), "caution"),
        "in_force": (lazy("変えた"), "good"),
        "refused": (lazy("取りやめた"), ""),
    },
    "sharing": {
        "draft": (lazy("決裁待ち"), "caution"),
        "in_force": (lazy("続いている"), "solid-bad"),
        "expired": (lazy("期限で終わった"), ""),
        "ended": (lazy("終わらせた"), ""),
        "dropped": (lazy("取り下げ"), ""),
        "lapsed": (lazy("決裁されずに過ぎた"), ""),
    },
    "what_if": {
        "waiting": (lazy("順番待ち"), ""),
        "running": (lazy("計算中"), "info"),
        "done": (lazy("比べられます"), "good"),
        "failed": (lazy("計算できませんでした"), "bad"),
        "discarded": (lazy("取り消し"), ""),
        "adopted": (lazy("採用"), "good"),
    },
    "congestion": {
        "empty": (lazy("空いています"), "good"),
        "some": (lazy("やや混雑"), "caution"),
        "crowded": (lazy("混雑"), "caution"),
        "full": (lazy("満員"), "bad"),
        "unknown": (lazy("混雑は不明"), ""),
    },
    "supply": {
        "asked": (lazy("要請中"), "caution"),
        "arranged": (lazy("手配した"), "info"),
        "sent": (lazy("発送した"), "info"),
        "received": (lazy("届いた"), "good"),
        "cancelled": (lazy("取り消した"), ""),
    },
    "layer": {
        "draft": (lazy("取込案（まだ使われていない）"), "caution"),
        "active": (lazy("使用中"), "good"),
        "retired": (lazy("使用を終えた"), ""),
    },
    "obstacle": {
        "closed": (lazy("通行止め"), "bad"),
        "collapsed": (lazy("崩壊地点"), "bad"),
        "flooded": (lazy("浸水"), "caution"),
    },
    "zone": {
        "inside": (lazy("危険区域の中"), "bad"),
        "outside": (lazy("危険区域の外"), "good"),
        "unknown": (lazy("調査されていない"), "caution"),
        "divided": (lazy("町の中で分かれています"), "caution"),
        "ordered": (lazy("避難情報の対象"), "caution"),
    },
    "order": {
        "draft": (lazy("起案"), ""),
        "submitted": (lazy("決裁待ち"), "caution"),
        "returned": (lazy("差し戻し"), "caution"),
        "rejected": (lazy("却下"), ""),
        "discarded": (lazy("取り下げ"), ""),
        "issued": (lazy("発令中"), "solid-bad"),
        "lifted": (lazy("解除"), ""),
        "cancelled": (lazy("取消"), ""),
        "replaced": (lazy("切替済み"), ""),
    },
    "message": {
        "draft": (lazy("起案"), ""),
        "submitted": (lazy("決裁待ち"), "caution"),
        "returned": (lazy("差し戻し"), "caution"),
        "prepared": (lazy("準備済み"), ""),
        "approved": (lazy("承認済み"), "info"),
        "dropped": (lazy("不要になった"), ""),
    },
    "message_kind": {
        "order": (lazy("避難情報"), "solid-bad"),
        "notice": (lazy("お知らせ"), "caution"),
        "alarm": (lazy("当番の呼び出し"), "caution"),
        "proof": (lazy("連絡先の確認"), ""),
        "correction": (lazy("訂正"), "caution"),
        "cancellation": (lazy("取消"), "caution"),
        "lifting": (lazy("解除"), "good"),
        "renewal": (lazy("継続"), ""),
    },
    "transmission": {
        "created": (lazy("準備中"), ""),
        "sending": (lazy("送信中"), "info"),
        "handed_over": (lazy("済み"), "good"),
        "failed": (lazy("失敗"), "bad"),
    },
    "channel": {code: (name, "") for code, name in CHANNELS.items()},
    "telegram": {
        "read": (lazy("解読"), "good"),
        "unknown": (lazy("種類不明"), "caution"),
        "bundle": (lazy("まとめ電文"), ""),
        "refused": (lazy("受理できない"), "solid-bad"),
    },
    "call": {
        "open": (lazy("未対応"), "solid-bad"),
        "progress": (lazy("対応中"), "caution"),
        "unreachable": (lazy("会えない・連絡がつかない"), "bad"),
        "done": (lazy("対応済み"), "good"),
    },
    "condition": {
        "safe": (CONDITIONS["safe"], "good"),
        "injured": (CONDITIONS["injured"], "bad"),
        "needs_help": (CONDITIONS["needs_help"], "solid-bad"),
        "unknown": (CONDITIONS["unknown"], ""),
        "deceased": (CONDITIONS["deceased"], ""),
    },
    "death": {
        "proposed": (lazy("もう1人の確認待ち"), "caution"),
        "agreed": (lazy("2人で確認"), ""),
        "refused": (lazy("退けた"), ""),
        "withdrawn": (lazy("取り下げた"), ""),
        "undone": (lazy("取り消した"), "good"),
    },
    "patrol": {
        "out": (lazy("回っている"), "caution"),
        "part": (lazy("一部が戻った"), "info"),
        "back": (lazy("すべて戻った"), "good"),
        "ended": (lazy("終えた"), ""),
    },
    "signature": {
        "valid": (lazy("✓ 署名は有効"), "good"),
        "invalid": (lazy("✕ 署名は無効"), "solid-bad"),
        "unsigned": (lazy("○ 署名なし"), ""),
    },
    "status": {
        "actual": (lazy("通常"), ""),
        "exercise": (lazy("訓練"), "caution"),
        "test": (lazy("試験"), "caution"),
    },
    "change": {
        "began": (lazy("始まった"), "bad"),
        "rose": (lazy("重くなった"), "bad"),
        "fell": (lazy("軽くなった"), "good"),
        "ended": (lazy("終わった"), "good"),
        "unchanged": (lazy("内容が変わった"), ""),
    },
    "input": {
        "ok": (lazy("受信中"), "good"),
        "silent": (lazy("応答なし"), "solid-bad"),
        "failed": (lazy("受信できない"), "solid-bad"),
        "waiting": (lazy("応答待ち"), "caution"),
        "off": (lazy("止めている"), ""),
    },
    "cards": {
        "waiting": (lazy("順番待ち"), ""),
        "working": (lazy("作成中"), "info"),
        "ready": (lazy("できました"), "good"),
        "failed": (lazy("作れませんでした"), "bad"),
        "removed": (lazy("消しました"), ""),
    },
    "tri": {
        "yes": (lazy("あり"), "good"),
        "partial": (lazy("一部"), "caution"),
        "no": (lazy("なし"), ""),
        "unknown": (lazy("不明"), ""),
    },
}
"""Texts and tones (CSS class of the badge) of every state, by kind of thing."""


def state(kind: str, value: str) -> tuple[str, str]:
    """Return text and tone of a state; one that has no words is shown as it is."""
    text, tone = STATES[kind].get(value, (value, ""))
    return str(text), tone
