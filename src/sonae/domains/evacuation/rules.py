"""Pure decisions of the domain: from which level on everyone is planned for; states of an order."""

from typing import Final

PLANNING_LEVEL: Final = 3
"""警戒レベル３相当: from here on people who need longer must leave (避難情報に関するガイドライン)."""

_LEVEL_OF_SEVERITY: Final = {"warning": 3, "critical": 4, "emergency": 5}

_LEAVE_AT_ONCE: Final = frozenset({"tsunami", "volcano"})
"""Nobody waits here at 高齢者等避難, and the gravest warning means to run, not that it is too late:
for a tsunami only 避難指示 is issued (避難情報に関するガイドライン)."""
_ALL_LEAVE: Final = 4


def planning_level(hazard: str, level: int | None, severity: str) -> int | None:
    """Return 3–5 when people must act on such a warning, else None.

    Telegrams of hazards without levels (tsunami, earthquake) count by their severity; this is only
    how the plan weighs them and never shown as a 警戒レベル.
    """
    weighed = level if level is not None else _LEVEL_OF_SEVERITY.get(severity)
    if level is None and weighed is not None and hazard in _LEAVE_AT_ONCE:
        return _ALL_LEAVE
    return weighed if weighed is not None and weighed >= PLANNING_LEVEL else None


ORDER_NAMES: Final = {3: "高齢者等避難", 4: "避難指示", 5: "緊急安全確保"}
"""避難情報 by 警戒レベル (災害対策基本法 第56条第2項, 第60条第1項・第3項)."""

ORDER_TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    "draft": frozenset({"submitted", "discarded"}),
    "returned": frozenset({"submitted", "discarded"}),
    "submitted": frozenset({"returned", "rejected", "issued"}),
    "issued": frozenset({"lifted", "cancelled", "replaced"}),
    "rejected": frozenset(),
    "discarded": frozenset(),
    "lifted": frozenset(),
    "cancelled": frozenset(),
    "replaced": frozenset(),
}
"""Every status an order can have, and where it may go from there."""

ORDER_STATUS_NAMES: Final[dict[str, str]] = {
    "draft": "起案", "returned": "差し戻し", "submitted": "決裁待ち", "issued": "発令中",
    "rejected": "却下", "discarded": "取り下げ", "lifted": "解除", "cancelled": "取消",
    "replaced": "切替済み",
}  # fmt: skip
"""The statuses in the words of the desk."""
