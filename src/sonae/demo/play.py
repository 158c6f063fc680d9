"""Playing the 72 hours in the exercise world, on its simulated clock.

A play is a chain of outbox entries, one per quarter of an hour: a server that is killed goes on
where it stood. What was done is remembered per scene, so nothing happens twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.demo import crowd, script
from sonae.demo.frame import CITY_AREA
from sonae.demo.load import empty_world
from sonae.demo.script import HOURS, SCENES, START
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.platform import outbox, worlds
from sonae.platform.db import writing
from sonae.platform.scope import World, current_municipality

TICK = "demo.tick"
TICK_MINUTES = 15.0
_KEY = "play"
_FRESH: dict[str, Any] = {
    "running": False,
    "minute": 0.0,
    "scene": 0,
    "speed": 0.0,
    "error": "",
    "generation": 0,
    "waiting": False,
}
UNDERWAY = ("warning.changed", "plan.ready", "order.issued", "order.ended")
"""What the last scene set off: the next one waits until all of it is planned and drafted."""
LOOK_SECONDS = 0.3
"""Real seconds until a scene that waits looks again."""


def _state() -> dict[str, Any]:
    """Return where the play stands."""
    held = municipalities.municipality().settings.get(_KEY, {})
    return {**_FRESH, **held}


def _keep(**changes: Any) -> dict[str, Any]:
    """Change where the play stands."""
    with municipalities.changing_settings() as settings:
        settings[_KEY] = state = {**_FRESH, **settings.get(_KEY, {}), **changes}
    return state


def offered() -> bool:
    """Tell whether the story is about this city: its warnings name the areas of the invented one."""
    return CITY_AREA in municipalities.municipality().warning_areas.get("city", [])


def status() -> dict[str, Any]:
    """Return what the page shows: running, finished, hours, step, last scene, speed, time, error, and
    whether a scene waits for the plan and the drafts of the one before.
    """
    state = _state()
    minute = float(state["minute"])
    running = bool(state["running"])
    return {
        "running": running,
        "finished": minute >= HOURS * 60 and not state["waiting"],
        "hours": minute / 60,
        "step": int(state["scene"]),
        "last": SCENES[state["scene"] - 1].told if state["scene"] else "",
        "speed": state["speed"],
        "now": START + timedelta(minutes=minute) if state["scene"] else None,
        "error": state["error"],
        "waiting": bool(state["waiting"]),
    }


def start_play(speed: float = 600.0) -> None:
    """Start, or go on where it stood, ``speed`` times real time; the server's worker does the rest."""
    state = _state()
    if state["running"]:
        return
    if state["minute"] >= HOURS * 60 and not state["waiting"]:
        reset_play()
        state = _state()
    code = current_municipality()
    worlds.set_exercise_clock(code, _at(state["minute"]), speed, _at(_stop(state)))
    generation = state["generation"] + 1
    _keep(running=True, speed=speed, error="", generation=generation)
    with worlds.entered(code, World.EXERCISE), writing():
        outbox.publish(TICK, {"generation": generation}, order_key=TICK)


def stop_play() -> None:
    """Stop; the exercise clock stands still."""
    state = _keep(running=False)
    worlds.set_exercise_clock(current_municipality(), _at(state["minute"]), 0.0)


def reset_play() -> None:
    """Remove everything of the exercise world and return to the beginning."""
    code = current_municipality()
    stop_play()
    empty_world(code, World.EXERCISE)
    _keep(**{**_FRESH, "generation": _state()["generation"] + 1})
    worlds.clear_exercise_clock(code)


def _at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def _stop(state: dict[str, Any], ahead: float = 2 * TICK_MINUTES) -> float:
    """Return the minute that the clock must not pass: ``ahead``, the next scene or the end."""
    minute = float(state["minute"])
    scenes = [float(scene.minute) for scene in SCENES[state["scene"] :][:1]]
    return max(minute, min(minute + ahead, HOURS * 60.0, *scenes))


@outbox.subscribe(TICK)
def tick(payload: dict[str, Any]) -> None:
    """Do what is due by now and ask to be called again; an entry of an older start does nothing."""
    state = _state()
    if not state["running"] or payload["generation"] != state["generation"]:
        return
    minute = min(script.minute_now(), HOURS * 60.0)
    try:
        reached = advance(minute)
    except SonaeError as error:
        _keep(running=False, error=error.detail)
        return
    state = _state()
    if reached >= HOURS * 60 and not state["waiting"]:
        stop_play()
        return
    if not state["running"] or payload["generation"] != state["generation"]:
        return
    _go_on(state, payload)


def _go_on(state: dict[str, Any], payload: dict[str, Any]) -> None:
    """Let the clock run to the next scene at most, or stand while one waits, and look again then."""
    shown = max(clock.now(), _at(state["minute"]))
    until = shown if state["waiting"] else max(shown, _at(_stop(state)))
    worlds.set_exercise_clock(current_municipality(), shown, state["speed"], until)
    due = max(shown, _at(_stop(state, TICK_MINUTES)))
    seconds = LOOK_SECONDS if state["waiting"] else (due - shown).total_seconds() / state["speed"]
    with writing():  # the delay is told in seconds of the exercise's clock
        outbox.publish(
            TICK, payload, order_key=TICK, delay=max(seconds, LOOK_SECONDS / 3) * state["speed"]
        )


def advance(minute: float, tell: Callable[[str], object] = lambda _: None) -> float:
    """Bring the exercise to ``minute``: scenes that are due, then what the people do.

    Return the minute that was reached. A scene waits until everything that the scenes before it set
    off is planned and drafted, however slow the worker is: nobody can submit a draft that is not
    there yet, and the next warning must not overtake it.
    """
    state = _state()
    waiting = False
    while state["scene"] < len(SCENES) and SCENES[state["scene"]].minute <= minute:
        scene = SCENES[state["scene"]]
        if waiting := outbox.unfinished(UNDERWAY) > 0:
            minute = max(float(scene.minute), float(state["minute"]))
            break
        scene.act()
        tell(f"{_at(scene.minute):%d日 %H:%M} {scene.told}")
        state = _keep(scene=state["scene"] + 1)
    for events in (crowd.reports(minute), crowd.moves(minute)):
        for batch in crowd.batches(events):
            safety.record(list(batch))
    _keep(minute=minute, waiting=waiting)
    return minute


def run(
    speed: float, hours: float, tell: Callable[[str], object], *, take_over: bool = False
) -> None:
    """Play in the foreground for ``hours`` of the story, doing the worker's part as well.

    SonaeError when the desk is playing, unless ``take_over``; who presses a button there takes over.
    """
    if not offered():
        raise SonaeError(
            "not_found",
            "再生できるのは、架空の備え市だけです。72時間の話の電文は、備え市のものだからです。",
            "この市では、訓練の電文を受信すると、訓練の画面に表示されます（sonae simulate）。",
        )
    if _state()["running"] and not take_over:
        raise SonaeError(
            "conflict",
            "災害対策本部の「訓練」で再生中です。",
            "画面で止めてから始めるか、--take-over で、ここで続けてください。",
        )
    code = current_municipality()
    end = min(_state()["minute"] + hours * 60, HOURS * 60.0)
    ours = _keep(running=False, generation=_state()["generation"] + 1, speed=speed)["generation"]
    try:
        while _state()["minute"] < end or _state()["waiting"]:
            if _state()["generation"] != ours:
                tell("画面の「訓練」から操作されたので、ここでの再生を終わります。")
                return
            minute = min(_stop(_state(), TICK_MINUTES), end)
            worlds.set_exercise_clock(code, _at(minute), 0.0)
            with worlds.entered(code, World.EXERCISE):
                begun = time.monotonic()
                advance(minute, tell)
                outbox.drain()
                count = safety.unaccounted_count()
                tell(
                    f"{clock.now():%d日 %H:%M} 所在未確認 {count.unaccounted:,}人（対象 {count.total:,}人）"
                )
            time.sleep(max(TICK_MINUTES * 60 / speed - (time.monotonic() - begun), 0.0))
    except KeyboardInterrupt:
        tell("止めました。もう一度 sonae demo play で続きから再開します。")
