"""Hazard rasters of the demo city, computed from its ground: floods, inland water, landslides.

A flood is the water surface of the nearest river, raised by the scale's surcharge and falling away
from the bank, minus the ground: so the zones follow the rivers, spare levees and the castle's
terrace, and fill the back marshes. Small mountain streams were never surveyed: 255 there, as in
`engines.hazard`: 0 = surveyed and safe, 255 = unknown.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sonae.demo.frame import CELL_M
from sonae.demo.ground import UNSURVEYED_STREAMS, Grid, Ground, noise

Raster = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

UNKNOWN = 255
_DEPTH_STEPS = (0.05, 0.5, 3.0, 5.0, 10.0, 20.0)  # metres; ranks 1–6 of 国土数値情報 A31a
_DURATION_STEPS = (0.05, 0.6, 1.8, 3.2, 6.0)  # metres of water that stay < 12 h, 1 d, 3 d, 1 w …
# Surcharge over the bank (m) of 備え川 and 沢音川, by scale.
_SURCHARGE = {"L1": (1.9, 0.7), "L2": (4.7, 2.3)}
_STEEP = 0.577  # 30°, 土砂災害防止法施行令 第2条


@dataclass(frozen=True)
class Rasters:
    """Rank rasters of 10 m cells, row 0 in the south; 0 outside, 255 unknown.

    ``flood_l1``, ``flood_l2``: depth ranks 1–6. ``duration``: ranks 1–6. ``collapse``: 1 氾濫流,
    2 河岸侵食. ``inland``: depth ranks. ``landslide``: 1 警戒区域, 2 特別警戒区域.
    """

    flood_l1: Raster
    flood_l2: Raster
    duration: Raster
    collapse: Raster
    inland: Raster
    landslide: Raster


@dataclass(frozen=True)
class _Fine:
    """The ground's grids at raster resolution."""

    height: Grid
    main: Grid
    tributary: Grid
    stream: Grid
    inland: Grid
    density: Grid


def _refined(ground: Ground) -> _Fine:
    """Refine the coarse grids that the hazards need."""
    return _Fine(
        ground.fine(ground.height),
        ground.fine(ground.to_main),
        ground.fine(ground.to_tributary),
        ground.fine(ground.to_stream),
        ground.fine(ground.inland),
        ground.fine(ground.density),
    )


def _depth(ground: Ground, fine: _Fine, scale: str) -> Grid:
    """Depth of water in metres (negative = dry) when both rivers flood at a scale."""
    over_main, over_tributary = _SURCHARGE[scale]
    s = ground.plan.scale
    main = ground.fine(ground.main.bank[ground.main_at].astype(np.float32))
    branch = ground.fine(ground.tributary.bank[ground.tributary_at].astype(np.float32))
    from_main = main + over_main - fine.main / s * 0.0004
    from_branch = branch + over_tributary - fine.tributary / s * 0.0022
    return np.asarray(np.maximum(from_main, from_branch) - fine.height, np.float32)


def _ranked(depth: Grid, steps: tuple[float, ...]) -> Raster:
    """Rank a depth by its steps: 0 below the first."""
    rank = np.zeros(depth.shape, np.uint8)
    for step in steps:
        rank += depth > step
    return rank


def _unsurveyed(ground: Ground, fine: _Fine) -> Mask:
    """Where no flood survey exists: along the small streams that nobody has modelled."""
    numbers = np.repeat(np.arange(len(ground.streams)), [len(s.x) for s in ground.streams])[
        ground.stream_at
    ]
    mine = np.isin(numbers, [n for n in UNSURVEYED_STREAMS if n < len(ground.streams)])
    factor = int(20 // CELL_M)
    return np.asarray(
        np.repeat(np.repeat(mine, factor, 0), factor, 1)
        & (fine.stream < 330 * max(ground.plan.scale, 0.5)),
    )


def _widened(mask: Mask, metres: float) -> Mask:
    """Grow a mask by about ``metres`` in all directions."""
    from scipy.ndimage import maximum_filter

    size = 2 * int(metres / CELL_M) + 1
    return np.asarray(maximum_filter(mask, size=size))


def _collapse(ground: Ground, fine: _Fine, depth: Grid, rng: np.random.Generator) -> Raster:
    """家屋倒壊等氾濫想定区域: violent flow where the water is deep beside the bank; bank erosion."""
    s = max(ground.plan.scale, 0.5)
    uneven = ground.fine(noise(rng, ground.height.shape, 45))
    flow = (depth > 1.2) & (fine.main < (230 + 130 * uneven) * s)
    erosion = (fine.main < ground.main.width / 2 + 35 * s + 18 * uneven) | (
        fine.tributary < ground.tributary.width / 2 + 16
    )
    return np.where(erosion & (depth > 0), 2, np.where(flow, 1, 0)).astype(np.uint8)


def _inland(fine: _Fine, s: float) -> Raster:
    """内水: water that cannot drain from hollows of the built-up area; only that was surveyed."""
    from scipy.ndimage import uniform_filter

    hollow = uniform_filter(fine.height, size=int(70 * max(s, 0.5))) - fine.height
    rank = _ranked(hollow, (0.38, 0.75))
    rank[(fine.density < 0.2)] = 0
    rank[uniform_filter(fine.density, size=41) < 0.06] = UNKNOWN
    return rank


def _landslide(ground: Ground, fine: _Fine) -> Raster:
    """土砂災害: steep slopes above homes, and the fans of the mountain streams."""
    s = ground.plan.scale
    slope = np.hypot(*np.gradient(fine.height, CELL_M))
    reach = (fine.inland < 420 * s) | (fine.stream < 420) | (fine.tributary < 420)
    lived_in = (fine.inland > -300 * s) & (fine.inland < 4600 * s) & reach
    steep = (slope > _STEEP) & lived_in
    lower = (fine.inland > -260 * s) & (fine.inland < 900 * s)
    spread = np.clip(300 - fine.inland / s, 0, 500) * 0.13 + 28
    fan = lower & (fine.stream < spread)
    rank = np.where((_widened(steep, 40) & lived_in) | fan, 1, 0).astype(np.uint8)
    rank[(_widened(steep, 10) & lived_in) | (lower & (fine.stream < 16))] = 2
    rank[(fine.inland > 4600 * s) | ((fine.inland > 500 * s) & ~reach)] = UNKNOWN
    return rank


def build_rasters(ground: Ground, rng: np.random.Generator) -> Rasters:
    """Compute every hazard raster of the city."""
    fine = _refined(ground)
    unsurveyed = _unsurveyed(ground, fine)
    deep = _depth(ground, fine, "L2")
    flood = {scale: _depth(ground, fine, scale) for scale in ("L1",)} | {"L2": deep}
    ranks = {scale: _ranked(depth, _DEPTH_STEPS) for scale, depth in flood.items()}
    duration = _ranked(deep, _DURATION_STEPS)
    collapse = _collapse(ground, fine, deep, rng)
    for raster in (ranks["L1"], ranks["L2"], duration, collapse):
        raster[unsurveyed & (ranks["L2"] == 0)] = UNKNOWN
    return Rasters(
        ranks["L1"],
        ranks["L2"],
        duration,
        collapse,
        _inland(fine, ground.plan.scale),
        _landslide(ground, fine),
    )
