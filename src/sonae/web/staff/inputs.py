"""受信経路: how every line on which warnings arrive is doing; administrators add and switch them."""

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.warnings import interface as warnings
from sonae.platform.access import Audience, actor_of, audience, permits
from sonae.web.templatetags.sonae import in_world


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show every line with its last sign of life, those in trouble first."""
    return _page(request)


def _page(request: HttpRequest, typed: dict[str, str] | None = None) -> HttpResponse:
    context = {
        "inputs": warnings.inputs(),
        "may_change": permits(frozenset({Audience.ADMINISTRATOR}), actor_of(request).role),
        "kinds": list(warnings.kinds().values()),
        "typed": typed or {},
    }
    return render(request, "staff/inputs.html", context, status=422 if typed else 200)


@audience(Audience.ADMINISTRATOR)
def add(request: HttpRequest) -> HttpResponse:
    """Add a line; what was typed stays when something is wrong."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world("/staff/inputs/"))
    kind = request.POST.get("kind", "")
    known = warnings.kinds().get(kind)
    options = {key: request.POST.get(key, "") for key in (known.options if known else ())}
    try:
        row = warnings.add_input(
            actor_of(request), kind, request.POST.get("name", "") or kind, options
        )
    except SonaeError as error:
        flash.error(request, error.detail)
        shown = {k: v for k, v in options.items() if known and not known.options[k].secret}
        return _page(request, {"kind": kind, "name": request.POST.get("name", ""), **shown})
    flash.success(
        request, _("「%(name)s」を加えました。数秒で受信が始まります。") % {"name": row.name}
    )
    return HttpResponseRedirect(in_world("/staff/inputs/"))


@audience(Audience.ADMINISTRATOR)
def switch(request: HttpRequest, verb: str) -> HttpResponse:
    """Switch a line on or off, or remove it; what it received stays."""
    if request.method == "POST":
        name, actor = request.POST.get("name", ""), actor_of(request)
        if verb == "remove":
            warnings.input_named(name)
            warnings.remove_input(actor, name)
            flash.success(request, _("消しました。受信した電文は残っています。"))
        elif verb in ("enable", "disable"):
            warnings.set_enabled(actor, name, verb == "enable")
            flash.success(
                request, _("受信を始めます。") if verb == "enable" else _("受信を止めました。")
            )
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
    return HttpResponseRedirect(in_world("/staff/inputs/"))
