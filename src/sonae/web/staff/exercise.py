"""訓練: playing the 72 hours of the demo city in the exercise world, at any speed.

The play lives in `sonae.demo`, which lies above the screens and is not part of every installation;
so it is looked up when it is asked for.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.platform import worlds
from sonae.platform.access import Actor, Audience, actor_of, audience, permits
from sonae.platform.audit import record
from sonae.platform.db import writing
from sonae.platform.scope import World, current_municipality
from sonae.web import kept

PLAY = "sonae.demo.play"
SPEEDS = (60, 600, 1200, 3600)
USUAL_SPEED = 600


def _play() -> Any:
    """Return the play's module, or None where the demo is not installed."""
    return import_module(PLAY) if find_spec(PLAY) else None


def _offered() -> bool:
    """Tell whether there is something to play here: only the invented city has a script."""
    play = _play()
    return bool(play is not None and municipalities.municipality().is_demo and play.offered())


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the play: where it stands, its speed, and the buttons."""
    offered = _offered()
    context = {
        "offered": offered,
        "status": _play().status() if offered else None,
        "speeds": SPEEDS,
        "usual": USUAL_SPEED,
        "may_control": permits(frozenset({Audience.OPERATOR}), actor_of(request).role),
    }
    return render(request, "staff/exercise.html", context)


@audience(Audience.STAFF)
def progress(request: HttpRequest) -> HttpResponse:
    """Return the part of the page that moves, for the page to ask again."""
    if not _offered():
        raise SonaeError("not_found", _("この市には、再生できる訓練がありません。"))
    return render(request, "staff/parts/play.html", {"status": _play().status(), "renewed": True})


def _speed(text: str) -> float:
    """Return the chosen speed, else the usual one."""
    return float(text) if text in {str(speed) for speed in SPEEDS} else float(USUAL_SPEED)


def _act(actor: Actor, verb: str, speed: float) -> str:
    """Do what the button says and return what to tell."""
    play = _play()
    if verb == "start":
        play.start_play(speed=speed)
        told = _("訓練を始めました。概況を訓練の画面で開いてください。")
    elif verb == "stop":
        play.stop_play()
        told = _("訓練を止めました。")
    else:
        play.reset_play()
        told = _("訓練のデータを消して、最初の状態に戻しました。")
    with writing():
        record(actor.id, f"exercise.{verb}", speed=speed)
    kept.forget()
    return told


def _confirm(request: HttpRequest) -> HttpResponse:
    """Ask before the one click that removes a whole exercise, and say what will be gone."""
    inquired, sightings = _held()
    context = {"status": _play().status(), "people": inquired, "sightings": sightings}
    return render(request, "staff/exercise_reset.html", context)


def _held() -> tuple[int, int]:
    """Return people under inquiry and sightings that the exercise holds."""
    with worlds.entered(current_municipality(), World.EXERCISE):
        return safety.unaccounted_shown().total, safety.Sighting.objects.count()


@audience(Audience.OPERATOR)
def control(request: HttpRequest, verb: str) -> HttpResponse:
    """Start, stop or reset the play; the address of the reset first asks whether that is meant."""
    if request.method == "GET" and verb == "reset" and _offered():
        return _confirm(request)
    if request.method != "POST" or verb not in {"start", "stop", "reset"}:
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    if not _offered():
        raise SonaeError("not_found", _("この市には、再生できる訓練がありません。"))
    told = _act(actor_of(request), verb, _speed(request.POST.get("speed", "")))
    flash.success(request, told)
    return HttpResponseRedirect("/drill/staff/exercise/")
