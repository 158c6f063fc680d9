"""The ground of the demo city: heights, two rivers, mountain streams, and how dense the city is.

備え川 (Sonaegawa) winds north through the basin; 沢音川 (Sawanegawa) comes out of the mountains in
the east and joins it below the old town. Natural levees, back marshes, an alluvial fan and the
terrace of the castle give the flood its shape; see `sonae.demo.water`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sonae.demo.frame import CELL_M, Floats, Plan

Grid = npt.NDArray[np.float32]

COARSE_M = 20.0

_MAIN = (
    (0.320, -0.03),
    (0.345, 0.08),
    (0.300, 0.19),
    (0.265, 0.30),
    (0.315, 0.40),
    (0.300, 0.50),
    (0.235, 0.58),
    (0.255, 0.68),
    (0.310, 0.77),
    (0.265, 0.87),
    (0.285, 1.03),
)
_TRIBUTARY = (
    (1.03, 0.700),
    (0.93, 0.655),
    (0.84, 0.690),
    (0.75, 0.640),
    (0.66, 0.655),
    (0.57, 0.600),
    (0.49, 0.645),
    (0.41, 0.625),
    (0.34, 0.675),
    (0.255, 0.690),
)
_STREAMS = (
    ((1.02, 0.93), (0.93, 0.90), (0.85, 0.92), (0.77, 0.87), (0.70, 0.88)),
    ((1.02, 0.47), (0.94, 0.50), (0.87, 0.46), (0.79, 0.49), (0.71, 0.47)),
    ((1.00, 0.24), (0.92, 0.29), (0.84, 0.25), (0.76, 0.29), (0.68, 0.27)),
    ((0.92, -0.02), (0.86, 0.06), (0.78, 0.09), (0.71, 0.15), (0.63, 0.16)),
    ((1.02, 0.80), (0.95, 0.785), (0.89, 0.81), (0.82, 0.775), (0.73, 0.765)),
    ((0.66, -0.02), (0.63, 0.05), (0.57, 0.09), (0.52, 0.14), (0.47, 0.16)),
    ((1.02, 0.36), (0.95, 0.385), (0.88, 0.36), (0.81, 0.375), (0.73, 0.365)),
)
# Streams in these places of the list have never been surveyed for floods.
UNSURVEYED_STREAMS = (0, 2, 3, 4)
CENTRE = (0.455, 0.475)


@dataclass(frozen=True)
class River:
    """A river's centre line in metres, one point about every 20 m, with its water's width.

    ``bank``: height of the bank beside each point (m above sea level).
    """

    name: str
    x: Floats
    y: Floats
    width: float
    bank: Floats


@dataclass(frozen=True)
class Ground:
    """The basin as grids of ``COARSE_M`` cells, row 0 in the south.

    ``height``: metres above sea level. ``to_main``, ``to_tributary``, ``to_stream``: metres to the
    nearest centre line; ``main_at``, ``tributary_at``, ``stream_at``: the point nearest. ``inland``:
    metres east of the mountain's foot (negative on the plain). ``density``: 0 wild … 1 old town.
    """

    plan: Plan
    height: Grid
    to_main: Grid
    main_at: npt.NDArray[np.int32]
    to_tributary: Grid
    tributary_at: npt.NDArray[np.int32]
    to_stream: Grid
    stream_at: npt.NDArray[np.int32]
    inland: Grid
    density: Grid
    main: River
    tributary: River
    streams: tuple[River, ...]

    def sample(self, grid: Grid, x: Floats, y: Floats) -> Floats:
        """Interpolate a coarse grid at points in metres."""
        from scipy.ndimage import map_coordinates

        rows, columns = y / COARSE_M - 0.5, x / COARSE_M - 0.5
        sampled = map_coordinates(grid, [rows, columns], order=1, mode="nearest")
        return np.asarray(sampled, np.float64)

    def nearest(
        self, grid: npt.NDArray[np.generic], x: Floats, y: Floats
    ) -> npt.NDArray[np.generic]:
        """Look a coarse grid up at points in metres without interpolation."""
        rows = np.clip((y / COARSE_M).astype(np.int64), 0, grid.shape[0] - 1)
        columns = np.clip((x / COARSE_M).astype(np.int64), 0, grid.shape[1] - 1)
        return grid[rows, columns]

    def fine(self, grid: Grid) -> Grid:
        """Refine a coarse grid to the cells of the hazard rasters."""
        factor = int(COARSE_M / CELL_M)
        rows = (np.arange(grid.shape[0] * factor) + 0.5) / factor - 0.5
        columns = (np.arange(grid.shape[1] * factor) + 0.5) / factor - 0.5
        return _bilinear(_bilinear(grid, rows, 0), columns, 1)


def _bilinear(grid: Grid, at: Floats, axis: int) -> Grid:
    """Interpolate a grid linearly along one axis at fractional positions."""
    low = np.clip(np.floor(at).astype(np.int64), 0, grid.shape[axis] - 2)
    share = np.clip(at - low, 0, 1).astype(np.float32)
    share = share[:, None] if axis == 0 else share[None, :]
    return np.take(grid, low, axis) * (1 - share) + np.take(grid, low + 1, axis) * share


def noise(rng: np.random.Generator, shape: tuple[int, int], cells: float) -> Grid:
    """Smooth random field of ``shape`` in about −1 … 1; ``cells`` is the size of its bumps."""
    from scipy.ndimage import zoom

    rows, columns = int(shape[0] / cells) + 4, int(shape[1] / cells) + 4
    coarse = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    fine = zoom(coarse, (shape[0] / (rows - 3), shape[1] / (columns - 3)), order=3)
    return np.asarray(fine[: shape[0], : shape[1]], np.float32)


def _spline(points: tuple[tuple[float, float], ...], plan: Plan) -> tuple[Floats, Floats]:
    """Catmull-Rom curve through control points (shares of the map) as points every 20 m."""
    p = np.array(points) * [plan.width, plan.height]
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, 60, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        parts.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    curve = np.vstack([*parts, p[-2][None]])
    run = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    even = np.arange(0, run[-1], 20.0)
    return np.interp(even, run, curve[:, 0]), np.interp(even, run, curve[:, 1])


def _wind(x: Floats, y: Floats, rng: np.random.Generator, reach: float) -> tuple[Floats, Floats]:
    """Let a line meander about itself by up to ``reach`` metres."""
    run = np.arange(len(x)) * 20.0
    swing = sum(
        part * np.sin(run / length + rng.uniform(0, 6.28))
        for part, length in ((0.6, reach * 1.9), (0.4, reach * 1.1))
    )
    dx, dy = np.gradient(x), np.gradient(y)
    size = np.hypot(dx, dy)
    return x - dy / size * swing * reach, y + dx / size * swing * reach


def _valley_floor(plan: Plan, y: Floats) -> Floats:
    """Height of the bank of 備え川: 1/700, falling northwards."""
    return 216.0 - y / 700.0


def _rivers(plan: Plan, rng: np.random.Generator) -> tuple[River, River, tuple[River, ...]]:
    """Draw the centre lines; heights along the tributaries rise from their mouths."""
    mx, my = _wind(*_spline(_MAIN, plan), rng, 150 * max(plan.scale, 0.4))
    main = River("備え川", mx, my, 110.0 * max(plan.scale, 0.5), _valley_floor(plan, my))
    tx, ty = _wind(*_spline(_TRIBUTARY, plan), rng, 90 * max(plan.scale, 0.4))
    met = np.hypot(tx[:, None] - mx, ty[:, None] - my).min(axis=1) < main.width / 3
    end = int(np.argmax(met)) if met.any() else len(tx)
    tx, ty = tx[:end], ty[:end]
    tributary = River("沢音川", tx, ty, 44.0 * max(plan.scale, 0.5), _profile(tx, ty, plan, 0.003))
    streams = []
    for number, points in enumerate(_STREAMS[: plan.streams]):
        sx, sy = _wind(*_spline(points, plan), rng, 60 * max(plan.scale, 0.4))
        bank = _profile(sx, sy, plan, 0.004)
        streams.append(River(f"沢{number + 1}", sx, sy, 6.0, bank))
    return main, tributary, tuple(streams)


def _profile(x: Floats, y: Floats, plan: Plan, slope: float) -> Floats:
    """Heights along a tributary: its plain's height at the mouth, steeper in the mountains."""
    run = np.arange(len(x))[::-1] * 20.0
    mouth = float(_plain(plan, x[-1:], y[-1:])[0])
    steep = np.maximum(x - _foot(plan, y), 0)
    return np.asarray(np.maximum(mouth + run * slope * 0.9, _plain(plan, x, y) - 2) + steep * 0.018)


def _foot(plan: Plan, y: Floats) -> Floats:
    """x of the mountain's foot at a given y: bays and spurs."""
    t = y / plan.height
    wave = 0.030 * np.sin(5.1 * t + 0.6) + 0.022 * np.sin(13.7 * t + 2.0) + 0.10 * (0.42 - t) ** 2
    return (0.705 + wave - 0.16 * np.exp(-(((t - 0.02) / 0.13) ** 2))) * plan.width


def _plain(plan: Plan, x: Floats, y: Floats) -> Floats:
    """Height of the basin floor: a gentle rise west, an alluvial fan east of 備え川."""
    east = np.maximum(x - 0.29 * plan.width, 0) / plan.scale
    west = np.maximum(0.27 * plan.width - x, 0) / plan.scale
    fan = 0.0011 * np.minimum(east, 1800) + 0.0062 * np.maximum(east - 1800, 0)
    return _valley_floor(plan, y) + fan + 0.0010 * west


def _near(
    river: River, points: Floats, shape: tuple[int, int]
) -> tuple[Grid, npt.NDArray[np.int32]]:
    """Distance of every cell to a centre line, and which point of the line it is."""
    from scipy.spatial import cKDTree

    distance, at = cKDTree(np.column_stack([river.x, river.y])).query(points, workers=2)
    return distance.reshape(shape).astype(np.float32), at.reshape(shape).astype(np.int32)


def _joined(streams: tuple[River, ...]) -> River:
    """All mountain streams as one line of points, for the distance to the nearest."""
    return River(
        "沢",
        np.concatenate([s.x for s in streams]),
        np.concatenate([s.y for s in streams]),
        6.0,
        np.concatenate([s.bank for s in streams]),
    )


def _height(
    plan: Plan, rng: np.random.Generator, x: Floats, y: Floats, near: dict[str, Grid], inland: Grid
) -> Grid:
    """Compose the height field from plain, levees, marshes, terrace, mountains and valleys."""
    shape = inland.shape
    small = noise(rng, shape, 30) * 0.55 + noise(rng, shape, 9) * 0.15
    levee = 1.1 * np.exp(-near["main"] / 130) + 0.7 * np.exp(-near["tributary"] / 80)
    marsh = 0.9 * np.exp(-(((near["main"] - 650 * plan.scale) / (380 * plan.scale)) ** 2))
    cx, cy = CENTRE[0] * plan.width, CENTRE[1] * plan.height
    castle = np.exp(
        -(((x - cx) / (1300 * plan.scale)) ** 2 + ((y - cy) / (1000 * plan.scale)) ** 2)
    )
    plain = _plain(plan, x, y) + small + levee - marsh + 2.6 * castle
    up = np.maximum(inland, 0) / plan.scale
    ridge = 1 - np.abs(noise(rng, shape, 62 * max(plan.scale, 0.5)))
    rough = noise(rng, shape, 24) * 0.5 + noise(rng, shape, 11) * 0.25
    gain = 0.088 * up**1.03 * (0.45 + 0.75 * ridge) + np.minimum(up / 600, 1) * 34 * rough
    water = np.minimum(near["stream"], near["tributary"] * 0.8)
    valley = np.clip((water - 60) / (520 * max(plan.scale, 0.55)), 0, 1)
    valley = valley * valley * (3 - 2 * valley)
    floor = np.minimum(up, 6500) * 0.018
    edge = 0.055 + 0.02 * np.sin(y / plan.height * 9.3) + 0.012 * rough
    west = np.maximum(edge * plan.width - x, 0) / plan.scale * 0.13 * (0.7 + 0.4 * ridge)
    height = plain + floor + (gain - floor).clip(0) * valley + west
    dug = 3.4 * np.clip(1.25 - near["main"] / (60 * max(plan.scale, 0.5)), 0, 1)
    dug += 2.4 * np.clip(1.25 - near["tributary"] / (28 * max(plan.scale, 0.5)), 0, 1)
    return np.asarray((height - dug).astype(np.float32))


def _blob(x: Floats, y: Floats, cx: float, cy: float, reach: float, power: float = 2.0) -> Floats:
    """A smooth hill of 1 about a centre."""
    return np.exp(-((np.hypot(x - cx, y - cy) / reach) ** power))


def _density(
    plan: Plan,
    rng: np.random.Generator,
    x: Floats,
    y: Floats,
    ground: dict[str, Grid],
    inland: Grid,
    slope: Grid,
) -> Grid:
    """How built-up a place is: core, suburbs along the roads, villages, hamlets in the valleys."""
    w, h, s = plan.width, plan.height, plan.scale
    core = _blob(x, y, CENTRE[0] * w, CENTRE[1] * h, 2300 * s, 1.7)
    parts = [core]
    for px, py, strength, reach in (
        (0.52, 0.76, 0.62, 950),
        (0.57, 0.34, 0.6, 1150),
        (0.17, 0.50, 0.48, 800),
        (0.44, 0.24, 0.45, 800),
        (0.60, 0.53, 0.66, 1100),
        (0.16, 0.78, 0.42, 650),
        (0.40, 0.90, 0.45, 750),
        (0.19, 0.22, 0.40, 600),
        (0.64, 0.66, 0.45, 700),
    ):
        parts.append(strength * _blob(x, y, px * w, py * h, reach * s))
    for _ in range(int(70 * max(s, 0.25))):
        vx, vy = rng.uniform(0.03, 0.75) * w, rng.uniform(0.03, 0.97) * h
        parts.append(rng.uniform(0.28, 0.46) * _blob(x, y, vx, vy, rng.uniform(130, 280)))
    density = np.maximum.reduce(parts)
    density = np.maximum(density * (0.86 + 0.3 * noise(rng, inland.shape, 22)), 0)
    hamlet = (
        0.34 * np.clip(1 - ground["stream"] / 170, 0, 1) * (noise(rng, inland.shape, 26) > 0.05)
    )
    hamlet *= (inland > 0) & (inland < 4200 * s)
    density = np.maximum(np.where(inland > 150 * s, 0.0, density), hamlet)
    density *= np.clip((0.16 - slope) / 0.08, 0, 1)
    density *= ground["main"] > 95 * max(s, 0.6)
    density *= ground["tributary"] > 42 * max(s, 0.6)
    return np.clip(density, 0, 1).astype(np.float32)


def build_ground(plan: Plan, rng: np.random.Generator) -> Ground:
    """Generate the ground of a city of the given plan."""
    rows, columns = int(plan.height / COARSE_M), int(plan.width / COARSE_M)
    axis_x, axis_y = (np.arange(columns) + 0.5) * COARSE_M, (np.arange(rows) + 0.5) * COARSE_M
    x, y = np.meshgrid(axis_x, axis_y)
    main, tributary, streams = _rivers(plan, rng)
    points = np.column_stack([x.ravel(), y.ravel()])
    shape = (rows, columns)
    to_main, main_at = _near(main, points, shape)
    to_tributary, tributary_at = _near(tributary, points, shape)
    to_stream, stream_at = _near(_joined(streams), points, shape)
    inland = (x - _foot(plan, y) + 120 * plan.scale * noise(rng, shape, 40)).astype(np.float32)
    near = {"main": to_main, "tributary": to_tributary, "stream": to_stream}
    height = _height(plan, rng, x, y, near, inland)
    slope = np.hypot(*np.gradient(height, COARSE_M)).astype(np.float32)
    density = _density(plan, rng, x, y, near, inland, slope)
    return Ground(
        plan,
        height,
        to_main,
        main_at,
        to_tributary,
        tributary_at,
        to_stream,
        stream_at,
        inland,
        density,
        main,
        tributary,
        streams,
    )
