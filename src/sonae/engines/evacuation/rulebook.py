"""The rules of staying and leaving, as data: when each holds, what it says, where it comes from.

Two tables, read from the top. `RULES` say what to do with a place (the first that holds decides,
over all hazards); `TIMES` say when to go. Whatever held is kept with the answer as its trace: one
bit per rule, in the order of `ALL`.

Sources: 避難情報に関するガイドライン (内閣府): 立退き避難 where staying may kill, 屋内安全確保 only where
all three of its conditions hold (not in a 家屋倒壊等氾濫想定区域; living space above the depth; the wait
for the water to fall can be borne), 高齢者等避難 for those who need time, in time before dark.
"""

from __future__ import annotations

from dataclasses import dataclass

from sonae.core.marks import gettext_noop as _
from sonae.engines.evacuation.profiles import START

LEAVE, LEAVE_UNKNOWN, UPSTAIRS, STAY, NOT_EXPOSED = range(5)
DECISIONS = ("leave", "leave_unknown", "upstairs", "stay", "not_exposed")
LEAVE_NOW, LEAVE_BY, PREPARE, TOO_LATE, NO_NEED = range(5)
DEPARTURES = ("leave_now", "leave_by", "prepare", "too_late", "no_need")

_GUIDE = "避難情報に関するガイドライン（内閣府）"
_INDOOR = "避難情報に関するガイドライン（内閣府） 屋内安全確保の3条件"
_RIVER = "避難情報に関するガイドライン（内閣府）・水防法 第14条"
_SLOPE = "土砂災害防止法 第7条・避難情報に関するガイドライン（内閣府）"
_RED = "土砂災害防止法 第9条・避難情報に関するガイドライン（内閣府）"
_TSUNAMI = "津波防災地域づくりに関する法律 第8条・避難情報に関するガイドライン（内閣府）"
_HOUSE = "本システムの原則：分からないものを安全とみなさない"


@dataclass(frozen=True)
class Rule:
    """One rule about the place: ``id`` stored with the advice, ``condition`` in words for staff,
    ``ja`` said to the resident, what it decides, its ``source``.
    """

    id: str
    condition: str
    ja: str
    decision: int
    source: str


RULES = (
    Rule("collapse", _("洪水の家屋倒壊等氾濫想定区域の中"),
         _("家屋倒壊等氾濫想定区域の中なので、家にとどまらず避難します。"), LEAVE, _RIVER),
    Rule("landslide_special", _("土砂災害特別警戒区域の中"),
         _("土砂災害特別警戒区域の中なので、必ず立ち退き避難します。"), LEAVE, _RED),
    Rule("landslide", _("土砂災害警戒区域の中"),
         _("土砂災害警戒区域の中なので、立ち退き避難します。"), LEAVE, _SLOPE),
    Rule("tsunami", _("津波の浸水想定の中。階にかかわらない"),
         _("津波の浸水が想定されるので、すぐに高い所へ避難します。"), LEAVE, _TSUNAMI),
    Rule("other_hazard", _("そのほかの危険区域の中"),
         _("危険区域の中なので、立ち退き避難します。"), LEAVE, _GUIDE),
    Rule("depth_over_home", _("想定最大の浸水深が、建物で行ける一番上の床より高い"),
         _("想定される浸水の深さが家の一番上の階より高いので、避難します。"), LEAVE, _INDOOR),
    Rule("floor_unknown", _("浸水想定の中で、住まいの階か建物の階数が分からないか、両方が合わない"),
         _("住まいの階が分からず安全と言えないので、避難します。"), LEAVE, _HOUSE),
    Rule("depth_unknown", _("浸水想定の中で、深さが分からない"),
         _("浸水の深さが分からず安全と言えないので、避難します。"), LEAVE, _HOUSE),
    Rule("long_flooding", _("浸水が3日を超えて続く想定（浸水継続時間のランク4以上）"),
         _("水が長く引かないと想定されるので、避難します。"), LEAVE, _INDOOR),
    Rule("cannot_climb", _("住む階が浸水し、上の階への移動に支援が要る"),
         _("上の階への移動が難しいため、早めに避難します。"), LEAVE, _GUIDE),
    Rule("not_surveyed", _("この場所は、この災害の調査がされていない"),
         _("この場所は調査されていません。安全とは言えないので、避難を考えてください。"), LEAVE_UNKNOWN, _HOUSE),
    Rule("collapse_unknown", _("浸水想定の中で、家屋倒壊等氾濫想定区域かどうか調査がない"),
         _("家が流される区域か調査されていません。安全とは言えないので、避難を考えてください。"), LEAVE_UNKNOWN, _HOUSE),
    Rule("duration_unknown", _("浸水想定の中で、浸水継続時間の調査がない"),
         _("水がいつ引くか調査されていません。安全とは言えないので、避難を考えてください。"), LEAVE_UNKNOWN, _HOUSE),
    Rule("upstairs", _("住む階は浸水するが、浸水深より高い階へ自分で上がれ、ほかの条件がすべて満たされる"),
         _("想定される浸水より高い上の階へ移動します。"), UPSTAIRS, _INDOOR),
    Rule("above_water", _("住む階の床が浸水深より高く、ほかの条件がすべて満たされる"),
         _("住まいの階は想定される浸水より高いので、その場で身の安全を確保します。"), STAY, _INDOOR),
)  # fmt: skip
RULE_NUMBER = {rule.id: number for number, rule in enumerate(RULES)}


@dataclass(frozen=True)
class TimeRule:
    """One rule about when to go: ``condition`` in words for staff, ``ja`` said to the resident, the
    ``departure`` it decides, its ``source``.
    """

    id: str
    condition: str
    ja: str
    departure: int
    source: str


TIMES = (
    TimeRule("ordered_5", _("市が緊急安全確保（警戒レベル5）を発令している"),
             _("市が緊急安全確保を出しています。外へ出ること自体が命にかかわるおそれがあります。"), TOO_LATE, _GUIDE),
    TimeRule("level_5", _("警戒レベル5相当が出ている"),
             _("警戒レベル5相当です。外へ出ること自体が命にかかわるおそれがあります。"), TOO_LATE, _GUIDE),
    TimeRule("level_5_on_the_way", _("避難先に着く前に警戒レベル5相当になる予想"),
             _("避難先に着く前に、警戒レベル5相当になると予想されています。"), TOO_LATE, _GUIDE),
    TimeRule("ordered_4", _("市が避難指示（警戒レベル4）を発令している"),
             _("市が避難指示を出しています。危険な場所から全員が避難する段階です。"), LEAVE_NOW, _GUIDE),
    TimeRule("level_4", _("警戒レベル4相当が出ている"),
             _("警戒レベル4相当です。危険な場所から全員が避難する段階です。"), LEAVE_NOW, _GUIDE),
    TimeRule("ordered_3", _("市が高齢者等避難（警戒レベル3）を発令していて、避難に時間のかかる人"),
             _("市が高齢者等避難を出しています。避難に時間がかかる人は、いま避難を始めます。"), LEAVE_NOW, _GUIDE),
    TimeRule("needs_longer", _("警戒レベル3相当で、避難に時間のかかる人（高齢者・歩行に支援が必要な人・車いす）"),
             _("避難に時間がかかる人は、警戒レベル3相当で避難を始めます。"), LEAVE_NOW, _GUIDE),
    TimeRule("no_time_left", _("上のレベルになる予想の時刻までに、歩く時間と出発の支度の余裕がもうない"),
             _("危険が高まる予想の時刻まで、もう余裕がありません。"), LEAVE_NOW, START.source),
    TimeRule("dark_soon", _("上のレベルになる予想は日没のあとだが、明るいうちに着くにはもう出る時刻"),
             _("暗くなる前に着くには、いま出る必要があります。"), LEAVE_NOW, _GUIDE),
    TimeRule("before_dark", _("上のレベルになる予想は日没のあと：明るいうちに着ける時刻まで"),
             _("危険が高まるのは日没のあとの予想です。明るいうちに着けるように出発します。"), LEAVE_BY, _GUIDE),
    TimeRule("before_rise", _("上のレベルになる予想の時刻から、歩く時間と出発の支度の余裕を引いた時刻まで"),
             _("危険が高まる予想の時刻より前に着けるように出発します。"), LEAVE_BY, START.source),
    TimeRule("no_forecast", _("上のレベルになる時刻の予想がない"),
             _("いつ危険が高まるかの予想はありません。いつでも出られるように準備します。"), PREPARE, _GUIDE),
)  # fmt: skip
TIME_NUMBER = {rule.id: number for number, rule in enumerate(TIMES)}
ALL: tuple[Rule | TimeRule, ...] = (*RULES, *TIMES)
BIT = {rule.id: 1 << number for number, rule in enumerate(ALL)}


def trace(bits: int) -> list[Rule | TimeRule]:
    """Return the rules that held, in the order in which they are asked."""
    return [rule for rule in ALL if bits & BIT[rule.id]]
