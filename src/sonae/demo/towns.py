"""Towns (町字) of the demo city: names with readings, districts, and which town a point is in."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sonae.demo.frame import Floats, latitude, longitude
from sonae.demo.ground import CENTRE, Ground

Ints = npt.NDArray[np.int64]

_HEADS = (
    "上 カミ;下 シモ;中 ナカ;東 ヒガシ;西 ニシ;南 ミナミ;北 キタ;大 オオ;小 コ;古 フル;新 シン;高 タカ;"
    "平 ヒラ;青 アオ;赤 アカ;白 シロ;黒 クロ;金 カナ;石 イシ;岩 イワ;松 マツ;杉 スギ;竹 タケ;梅 ウメ;"
    "桜 サクラ;柳 ヤナギ;栗 クリ;柿 カキ;稲 イナ;麻 アサ;鶴 ツル;亀 カメ;鷹 タカノ;鹿 シカ;熊 クマ;"
    "馬 ウマ;牛 ウシ;宮 ミヤ;寺 テラ;堂 ドウ;市 イチ;川 カワ;沢 サワ;清 キヨ;泉 イズミ;滝 タキ;"
    "浅 アサノ;深 フカ;長 ナガ;広 ヒロ;細 ホソ;丸 マル;福 フク;富 トミ;豊 トヨ;吉 ヨシ;幸 ミユキ"
)
_TAILS = (
    "田 ダ;野 ノ;原 ハラ;島 シマ;川 カワ;沢 サワ;谷 ヤ;山 ヤマ;岡 オカ;坂 サカ;崎 サキ;瀬 セ;橋 バシ;"
    "木 ギ;井 イ;塚 ヅカ;森 モリ;林 バヤシ;浜 ハマ;窪 クボ;代 シロ;倉 クラ"
)
_CENTRAL = (
    "本町 ホンマチ;大手町 オオテマチ;栄町 サカエマチ;中央 チュウオウ;駅前 エキマエ;城下 シロシタ;"
    "鍛冶町 カジマチ;呉服町 ゴフクマチ;紺屋町 コンヤマチ;材木町 ザイモクマチ;魚町 ウオマチ;"
    "桶屋町 オケヤマチ;旭町 アサヒマチ;日吉 ヒヨシ;若松町 ワカマツチョウ;緑町 ミドリマチ"
)
_DISTRICTS = ("中央地区", "北部地区", "南部地区", "川西地区", "東山地区")
_KANJI_NUMBERS = ("一", "二", "三", "四", "五", "六")
_KANA_NUMBERS = ("イッ", "ニ", "サン", "ヨン", "ゴ", "ロク")


@dataclass(frozen=True)
class Towns:
    """Names, readings, codes (6 digits), district and centre of every town.

    ``chome``: the town uses block numbers (番・号) and not lot numbers (番地).
    """

    code: list[str]
    name: list[str]
    kana: list[str]
    district: list[str]
    chome: npt.NDArray[np.bool_]
    x: Floats
    y: Floats

    @property
    def lat(self) -> Floats:
        """Latitude of the centres, degrees."""
        return latitude(self.y)

    @property
    def lon(self) -> Floats:
        """Longitude of the centres, degrees."""
        return longitude(self.x)

    def of(self, x: Floats, y: Floats) -> Ints:
        """Return the town (position) of points in metres: the nearest centre."""
        from scipy.spatial import cKDTree

        return np.asarray(
            cKDTree(np.column_stack((self.x, self.y))).query(np.column_stack((x, y)))[1], np.int64
        )


def _stems(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """Return distinct town stems with readings in a random order."""
    heads = [pair.split(" ") for pair in _HEADS.split(";")]
    tails = [pair.split(" ") for pair in _TAILS.split(";")]
    every = [(h + t, hk + tk) for h, hk in heads for t, tk in tails if h != t]
    return [every[i] for i in rng.permutation(len(every))[:count]]


def _names(
    rng: np.random.Generator, near: npt.NDArray[np.bool_], count: int
) -> list[tuple[str, str, bool]]:
    """Return (name, kana, uses 丁目) per town; towns near the centre come in 丁目."""
    central = [tuple(pair.split(" ")) for pair in _CENTRAL.split(";")]
    stems = iter(_stems(rng, count))
    plain = iter([(stem + "町", kana + "マチ") for stem, kana in _stems(rng, count)])
    urban: list[tuple[str, str]] = []
    made: list[tuple[str, str, bool]] = []
    seen: set[str] = set()
    for is_near in near:
        if is_near:
            if not urban:
                base = central.pop(0) if central else next(plain)
                size = int(rng.integers(2, 7))
                urban = [
                    (f"{base[0]}{k}丁目", f"{base[1]}{r}チョウメ")
                    for k, r in zip(_KANJI_NUMBERS[:size], _KANA_NUMBERS[:size], strict=True)
                ]
            name, kana = urban.pop(0)
        else:
            stem, kana = next(stems)
            name = f"大字{stem}"
            kana = f"オオアザ{kana}"
        if name in seen:
            name, kana = f"新{name}", f"シン{kana}"
        seen.add(name)
        made.append((name, kana, bool(is_near)))
    return made


def _district(ground: Ground, x: Floats, y: Floats) -> list[str]:
    """Return the district of each centre, by where it lies."""
    plan = ground.plan
    west = x < 0.24 * plan.width
    hills = ground.sample(ground.inland, x, y) > 0
    core = np.hypot(x / plan.width - CENTRE[0], y / plan.height - CENTRE[1]) < 0.13
    north = y > CENTRE[1] * plan.height
    number = np.select([core, west, hills, north], [0, 3, 4, 1], 2)
    return [_DISTRICTS[i] for i in number]


def build_towns(ground: Ground, x: Floats, y: Floats, rng: np.random.Generator) -> Towns:
    """Group the junctions (metres) into towns, dense ones small, and name them."""
    from scipy.cluster.vq import kmeans2

    plan = ground.plan
    density = ground.sample(ground.density, x, y)
    weight = density + 0.06
    sample = rng.choice(len(x), min(12_000, len(x)), p=weight / weight.sum())
    points = np.column_stack((x[sample], y[sample]))
    start = points[rng.choice(len(points), plan.towns, replace=False)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a town without sample points keeps its last centre
        centres, _ = kmeans2(points, start, iter=6, minit="matrix")
    away = np.hypot(centres[:, 0] / plan.width - CENTRE[0], centres[:, 1] / plan.height - CENTRE[1])
    centres = centres[np.argsort(away)]
    near = ground.sample(ground.density, centres[:, 0], centres[:, 1]) > 0.30
    names = _names(rng, near, plan.towns)
    return Towns(
        code=[f"{number:06d}" for number in range(1001, 1001 + plan.towns)],
        name=[name for name, _, _ in names],
        kana=[kana for _, kana, _ in names],
        district=_district(ground, centres[:, 0], centres[:, 1]),
        chome=np.array([chome for _, _, chome in names]),
        x=centres[:, 0],
        y=centres[:, 1],
    )
