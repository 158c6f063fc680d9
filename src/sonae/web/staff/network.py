"""道路網: which walking network is in force, whom it does not reach, and how to replace it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib import messages as flash
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import NetworkDoubt, Shown
from sonae.domains.municipalities import interface as municipalities
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import kept, words
from sonae.web.drawing import Ground, TownMark, lines_png, town_map
from sonae.web.staff import mapdata
from sonae.web.templatetags.sonae import in_world

MOST_BYTES = 64 * 2**20
MOST_DEFECTS = 200


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the network in force, whom it does not reach, and the form to bring a new one."""
    return _page(request)


def _page(request: HttpRequest, typed: dict[str, str] | None = None) -> HttpResponse:
    found = evacuation.network_in_force()
    context: dict[str, Any] = {
        "may_change": evacuation.may_change_network(actor_of(request)),
        "typed": typed or {},
        "most_mb": MOST_BYTES // 2**20,
    }
    if found is not None:
        context |= _context(found, "/staff/network/streets.png")
    return render(request, "staff/network.html", context, status=422 if typed else 200)


def _context(shown: Shown, streets: str) -> dict[str, Any]:
    """Return what the page says of a network."""
    facts, defects = shown.network.facts, shown.defects
    return {
        "shown": shown,
        "figures": shown.figures,
        "slope_percent": round(100 * shown.figures["slope_known"]),
        "width_percent": round(100 * shown.figures["width_known"]),
        "left_out": [
            (words.LEFT_OUT.get(why, why), count)
            for why, count in facts.get("left_out", {}).items()
        ],
        "kinds_unknown": facts.get("kinds_unknown", []),
        "defects": [_told(one) for one in defects[:MOST_DEFECTS]],
        "defect_count": sum(facts.get("defects", {}).values()),
        "picture": _picture(shown, streets),
    }


def _told(defect: dict[str, Any]) -> dict[str, Any]:
    """Return one defect in words."""
    problem, action = str(defect["problem"]), str(defect["action"])
    return {
        **defect,
        "problem": words.NETWORK_PROBLEMS.get(problem, problem),
        "action": words.NETWORK_ACTIONS.get(action, action),
    }


def _picture(shown: Shown, streets: str) -> SafeString:
    """Draw the streets, the parts joined to nothing, and the homes and facilities without a way."""
    missed = shown.unreached
    west, north, east, south = mapdata.bounds(shown.network)
    cells = [TownMark("", lon, lat, count) for lon, lat, count in missed.cells]
    places = [(one.longitude, one.latitude) for one in missed.facilities]
    described = _("道がつながらない世帯 %(homes)s、避難先 %(places)s。内訳は表にあります。") % {
        "homes": f"{missed.off:,}", "places": f"{len(places):,}",
    }  # fmt: skip
    around = [(west, north), (east, south), *places]
    ground = Ground(in_world(streets), west=west, north=north, east=east, south=south)
    return town_map(
        cells, title=_("道路網と、つながらない所"), description=described,
        places=places, grounds=[ground], around=around,
    )  # fmt: skip


def _streets(shown_network: Any) -> HttpResponse:
    """Return the streets as a picture; those joined to nothing stand out."""
    part = shown_network.components()
    apart = np.asarray(part[shown_network.tail] > 0, bool)
    body = lines_png(mapdata.ends(shown_network), *mapdata.bounds(shown_network), marked=apart)
    return HttpResponse(
        body, content_type="image/png", headers={"Cache-Control": "private, max-age=60"}
    )


@audience(Audience.STAFF)
def streets(request: HttpRequest) -> HttpResponse:
    """The network in force as a picture."""
    city = evacuation.city()
    if city is None:
        raise SonaeError("not_found", _("道路網はまだ読み込まれていません。"))
    return _streets(city.network)


@audience(Audience.ADMINISTRATOR)
def preview_streets(request: HttpRequest, token: str) -> HttpResponse:
    """A network that waits for a decision, as a picture."""
    return _streets(evacuation.network_preview(token).network)


@audience(Audience.ADMINISTRATOR)
def upload(request: HttpRequest) -> HttpResponse:
    """Build a network from the files sent, and show it before anything changes."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world("/staff/network/"))
    typed = {name: request.POST.get(name, "").strip() for name in ("source", "date")}
    files = request.FILES.getlist("files")
    try:
        token = _built(request, files, typed)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
        return _page(request, typed or {"source": ""})
    return HttpResponseRedirect(in_world(f"/staff/network/{token}/"))


def _built(request: HttpRequest, files: list[UploadedFile[Any]], typed: dict[str, str]) -> str:
    """Build a preview from uploaded files; SonaeError says what is wrong with them."""
    if not files:
        raise SonaeError("empty_file", _("ファイルを選んでください。"))
    if sum(file.size or 0 for file in files) > MOST_BYTES:
        raise SonaeError(
            "too_large",
            _("画面から読めるのは合わせて%(most)sMBまでです。") % {"most": MOST_BYTES // 2**20},
            _("大きなファイルは、サーバーで sonae evacuation network load を使ってください。"),
        )
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, file in enumerate(files):
            path = Path(folder) / str(number) / (Path(file.name or "").name or "file")
            path.parent.mkdir()
            with path.open("wb") as out:
                out.writelines(file.chunks())
            paths.append(path)
        return evacuation.preview_network(actor_of(request), paths, typed["source"], typed["date"])


@audience(Audience.ADMINISTRATOR)
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """Show what would come into force beside what is in force."""
    new, old = evacuation.network_preview(token), evacuation.network_in_force()
    context = {
        **_context(new, f"/staff/network/{token}/streets.png"),
        "token": token,
        "rows": _compared(new, old),
        "old": old,
        "doubts": [(one.code, _asked(one))
                   for one in evacuation.doubts_of(new.unreached, new.network)],
    }  # fmt: skip
    return render(request, "staff/network_preview.html", context)


def _asked(one: NetworkDoubt) -> str:
    """Return what a person has to agree to, in words."""
    told = {"count": f"{one.count:,}", "total": f"{one.total:,}", "km": f"{one.km:,.0f}",
            "far": f"{municipalities.FAR_M / 1000:g}"}  # fmt: skip
    if one.code == "homes_cut_off":
        return _("%(total)s世帯のうち%(count)s世帯で、道がつながらなくなります。") % told
    return (
        _(
            "道の点%(total)sのうち%(count)sが、市のどの町からも%(far)skmより遠く（およそ%(km)skm）にあります。別の市の道路網ではありませんか。"
        )
        % told
    )


def _compared(new: Shown, old: Shown | None) -> list[tuple[str, Any, Any]]:
    """Return figures of both networks side by side: name, in force, new."""
    names = {
        "nodes": _("点"), "edges": _("区間"), "km": _("長さ（km）"), "stairs_km": _("階段（km）"),
        "bridge_km": _("橋（km）"), "tunnel_km": _("トンネル（km）"),
        "components": _("つながっていない部分の数"), "off_main_km": _("主な部分から離れた道（km）"),
    }  # fmt: skip
    rows = [(name, old.figures[key] if old else None, new.figures[key])
            for key, name in names.items()]  # fmt: skip
    missed: dict[str, Callable[[Shown], int]] = {
        _("道がつながらない世帯"): lambda one: one.unreached.off,
        _("道がつながらない避難先"): lambda one: sum(p.off for p in one.unreached.facilities),
    }
    rows += [(name, count(old) if old else None, count(new)) for name, count in missed.items()]
    return rows


@audience(Audience.ADMINISTRATOR)
def decide(request: HttpRequest, token: str, verb: str) -> HttpResponse:
    """Put the network into force, or drop it."""
    if request.method == "POST":
        actor = actor_of(request)
        if verb == "confirm":
            try:
                network = evacuation.confirm_network(
                    actor, token, agreed=request.POST.getlist("agreed")
                )
            except SonaeError as error:
                if error.code != "conflict":
                    raise
                flash.error(request, f"{error.detail} {error.hint}".strip())
                return HttpResponseRedirect(in_world(f"/staff/network/{token}/"))
            kept.forget()
            told = _("道路網を入れ替えました：%(source)s。避難計画を作り直しています。")
            flash.success(request, told % {"source": network.source})
        elif verb == "discard":
            evacuation.discard_network(actor, token)
            flash.success(request, _("取り消しました。いまの道路網のままです。"))
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
    return HttpResponseRedirect(in_world("/staff/network/"))


@audience(Audience.ADMINISTRATOR)
def defects(request: HttpRequest, token: str) -> HttpResponse:
    """All defects of a network that waits for a decision, as JSON Lines."""
    found = evacuation.network_preview(token).defects
    body = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in found)
    name = f"network-defects-{clock.now():%Y%m%d}.jsonl"
    return HttpResponse(
        body, content_type="application/jsonl; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip
