"""マイ・タイムライン: what one household does at each 警戒レベル, from its own three answers.

Who leaves at level 3 and who at level 4, and that nobody goes out at level 5, is
避難情報に関するガイドライン (内閣府); walking times come from the plan and are handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sonae.core.marks import gettext_noop as _
from sonae.engines.evacuation.profiles import ADULT, ELDERLY, START_MINUTES, WHEELCHAIR

MEMBERS: Final = ("child", "elderly", "wheelchair", "pets")
LEAVING: Final = ("on_foot", "fetched", "car")
STAYS: Final = ("home", "upstairs")
GOALS: Final = ("site", "own", *STAYS)
SLOW: Final = frozenset({"child", "elderly", "wheelchair"})
"""Who needs longer: 高齢者等 of level 3 means the old, the disabled, small children and who goes with them."""

SLOW_LEAVE, ALL_LEAVE = 3, 4


@dataclass(frozen=True)
class Answers:
    """The three answers: who is at home (`MEMBERS`), how they leave (`LEAVING`), where to (`GOALS`)."""

    members: frozenset[str] = frozenset()
    leaving: str = "on_foot"
    goal: str = "site"

    def __post_init__(self) -> None:
        """Refuse words that no question offers (ValueError)."""
        if not self.members <= set(MEMBERS) or self.leaving not in LEAVING:
            raise ValueError("unknown answer")
        if self.goal not in GOALS:
            raise ValueError("unknown answer")

    @property
    def profile(self) -> int:
        """Index into `PROFILES` of the slowest at home; children walk as the old do (no figure of theirs is published)."""
        if "wheelchair" in self.members:
            return WHEELCHAIR
        return ELDERLY if self.members & {"elderly", "child"} else ADULT

    @property
    def leave_level(self) -> int:
        """The 警戒レベル at which this household sets out: 3 for who needs longer or depends on a car."""
        early = bool(self.members & SLOW) or self.leaving != "on_foot"
        return SLOW_LEAVE if early else ALL_LEAVE


@dataclass(frozen=True)
class Step:
    """What to do at one 警戒レベル: sentences in Japanese, to be translated where they are shown.

    ``leaves``: this is the level at which the household sets out. Minutes count from the moment the
    level is announced: ``out_minutes`` until the door closes, ``there_minutes`` until arrival (None:
    not known, or nobody goes anywhere).
    """

    level: int
    actions: tuple[str, ...]
    leaves: bool = False
    out_minutes: float | None = None
    there_minutes: float | None = None


_PACK: Final = {
    "child": _("ミルク・おむつ・おくすり手帳など、子どもの物をまとめる。"),
    "elderly": _("薬・めがね・補聴器・入れ歯をまとめる。"),
    "wheelchair": _("車いすと、充電する物を確かめる。段差のない道を家族と確かめる。"),
    "pets": _("ペットのケージ・リード・えさ・薬をまとめる。"),
}
_CALL: Final = {
    "on_foot": _("避難先までの道を、明るいうちに確かめる。"),
    "fetched": _("迎えに来る人に電話して、来る時刻と会う場所を決める。"),
    "car": _("燃料を確かめる。水がたまる低い道やアンダーパスを通らない道を決める。"),
}
_GO: Final = {
    ("site", "on_foot"): _("家を出て、決めた避難場所へ歩く。"),
    ("site", "fetched"): _("迎えの人といっしょに家を出て、決めた避難場所へ行く。"),
    ("site", "car"): _("車で家を出て、決めた避難場所へ行く。水のある道に入らない。"),
    ("own", "on_foot"): _("家を出て、自分で決めた行き先へ歩く。"),
    ("own", "fetched"): _("迎えの人といっしょに家を出て、自分で決めた行き先へ行く。"),
    ("own", "car"): _("車で家を出て、自分で決めた行き先へ行く。水のある道に入らない。"),
}
_WAIT: Final = _(
    "いつでも出られるように着がえ、くつと荷物を玄関に置く。危ないと感じたら、待たずに出る。"
)
_LATE: Final = _("まだ家にいたら、いますぐ出る。道が危険なときは、近くの丈夫な建物の上の階へ移る。")
_CARRY: Final = _("水・食べ物・薬・ラジオ・あかりを上の階へ運ぶ。")
_UP_EARLY: Final = _("階段に時間がかかる人は、いまのうちに上の階へ移る。")
_HOME_CARRY: Final = _("水・食べ物・薬・ラジオ・あかりを、家の安全な部屋に集める。")
_HOME_WAIT: Final = _("避難の情報を確かめ、家族を家に集める。危ないと感じたら、待たずに避難する。")
_HOME: Final = _("全員が家にとどまり、警報が終わるまで外へ出ない。")
_UP: Final = _("全員が上の階へ移り、外へ出ない。")
_LAST: Final = _(
    "外へ出ない。上の階か、崖や川からいちばん遠い部屋へ移る。命の危険があるときは119番に電話する。"
)


def steps(answers: Answers, walk_minutes: float | None) -> tuple[Step, ...]:
    """Return the five steps, level 1 to 5; ``walk_minutes`` to where the household goes, None = unknown."""
    packed = tuple(_PACK[one] for one in MEMBERS if one in answers.members)
    first = Step(1, (_("天気予報と、この計画を見直す。"), *packed))
    if answers.goal == "upstairs":
        slow = (_UP_EARLY,) if answers.members & SLOW else ()
        third = Step(3, (_CARRY, *slow))
        return (first, Step(2, (_("家のまわりの危険と、上の階への移り方を確かめる。"),)), third,
                Step(4, (_UP,)), Step(5, (_LAST,)))  # fmt: skip
    if answers.goal == "home":
        return (first, Step(2, (_("家のまわりの危険が変わっていないか、地図で確かめる。"),)),
                Step(3, (_HOME_CARRY, _HOME_WAIT)), Step(4, (_HOME,)), Step(5, (_LAST,)))  # fmt: skip
    second = [_CALL[answers.leaving]]
    if answers.goal == "own":
        second.append(_("行き先の人に「行くかもしれない」と伝える。"))
    go = _GO[answers.goal, answers.leaving]
    there = None if walk_minutes is None else START_MINUTES + walk_minutes
    out = Step(answers.leave_level, (go,), True, START_MINUTES, there)
    early = answers.leave_level == SLOW_LEAVE
    middle = (out, Step(4, (_LATE,))) if early else (Step(3, (_WAIT,)), out)
    return (first, Step(2, tuple(second)), *middle, Step(5, (_LAST,)))
