"""Types whose meaning stands outside kinds and codes: 南海トラフ, 熱中症, 気象解説情報."""

from __future__ import annotations

from typing import Final

from sonae.core.municipality import PREFECTURES
from sonae.engines.warnings.areas import areas_in
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import read_headline, whole_telegram
from sonae.engines.warnings.model import WarningArea, WarningItem
from sonae.engines.warnings.report import Report, values

# 地震関連情報番号コード, by the keyword in the title. The government asks for a week of evacuation in
# advance (巨大地震警戒) or of care (注意); 調査中 and 調査終了 ask for nothing yet.
_TROUGH: Final = (("巨大地震警戒", "warning"), ("巨大地震注意", "advisory"))
_HEAT: Final = "熱中症警戒アラート"
# Beside the tags stand 台風番号 and TC番号, which are no tags.
_TAGS: Final = "情報タグ"
_HEAT_SPECIAL: Final = "熱中症特別警戒"


def read_trough(report: Report, family: Family) -> list[WarningItem]:
    """One item, as grave as the keyword in the title says."""
    item = whole_telegram(report, family)
    severity = next((s for word, s in _TROUGH if word in report.head_title), item.severity)
    return [
        WarningItem(
            item.phenomenon, None, item.kind, None, severity, item.areas, until=item.until
        )
    ]  # fmt: skip


def read_heat(report: Report, family: Family) -> list[WarningItem]:
    """One item for the place in the title, because the telegram has no area code."""
    place = report.head_title.partition("熱中症")[0]
    code = next((key + "0000" for key, name in PREFECTURES.items() if name == place), "")
    special = _HEAT_SPECIAL in report.head_title
    return [
        WarningItem(
            family.phenomenon, None, report.head_title or _HEAT, None,
            "warning" if special else "advisory",
            (WarningArea(code, place, "prefecture" if code else "area"),) if place else (),
            until=report.valid_until,
        )
    ]  # fmt: skip


def read_explained(report: Report, family: Family) -> list[WarningItem]:
    """One item per 情報タグ (線状降水帯予測, 大雪, 副振動 …) with its areas: information, never a warning."""
    items = Items()
    for block in report.informations():
        block_type = block.get("type") or ""
        for entry in block.iterchildren("{*}Item"):
            areas = list(areas_in(entry, block_type))
            for kind in entry.iterchildren("{*}Kind"):
                says = values(kind)
                tags = says.get("Condition", "") if says.get("Name") == _TAGS else ""
                for tag in tags.split():
                    items.add(
                        WarningItem(
                            family.phenomenon, None, tag, None, "information", (),
                            until=report.valid_until,
                        ),
                        areas,
                    )  # fmt: skip
    return items.done() if items else read_headline(report, family)
