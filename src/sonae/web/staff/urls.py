"""Routes of the section: Staff desk."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from sonae.web.staff import (
    capacity,
    cards,
    citymap,
    decision_rules,
    desk,
    exercise,
    hazards,
    inputs,
    mapdata,
    network,
    roads,
    rules,
    safety,
    shelters,
    warnings,
    window,
)

app_name = "staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", desk.overview, name="desk"),
    path("as-of/", desk.as_of, name="as-of"),
    path("panels/<str:name>/", desk.panel, name="panel"),
    path("calls/", rules.calls, name="calls"),
    path("warnings/", warnings.overview, name="warnings"),
    path("warnings/<int:pk>/", warnings.telegram, name="telegram"),
    path("warnings/<int:pk>/raw/", warnings.download, name="telegram-raw"),
    path("warnings/<int:pk>/seen/", warnings.acknowledge, name="telegram-seen"),
    path("warnings/<int:pk>/end/", warnings.end, name="warning-end"),
    path("warnings/ended/<int:pk>/undo/", warnings.undo_end, name="warning-end-undo"),
    path("inputs/", inputs.overview, name="inputs"),
    path("inputs/add/", inputs.add, name="input-add"),
    path("inputs/<str:verb>/", inputs.switch, name="input-switch"),
    path("decision-rules/", decision_rules.overview, name="decision-rules"),
    path("rules/", rules.overview, name="rules"),
    path("rules/new/", rules.edit, name="rule-new"),
    path("rules/duty/", rules.duty, name="rule-duty"),
    path("rules/firings/all/seen/", rules.seen, name="firings-seen"),
    path("rules/firings/<int:pk>/seen/", rules.seen, name="firing-seen"),
    path("rules/<slug:code>/", rules.edit, name="rule"),
    path("rules/<slug:code>/<str:verb>/", rules.act, name="rule-act"),
    path("shelters/", shelters.overview, name="shelters"),
    path("shelters/<int:pk>/", shelters.detail, name="shelter"),
    path("shelters/<int:pk>/report/", shelters.report, name="shelter-report"),
    path("shelters/table/", include("sonae.web.staff.table_urls")),
    path("capacity/", capacity.overview, name="capacity"),
    path("capacity/ask/", capacity.ask, name="what-if-ask"),
    path("capacity/<int:pk>/", capacity.detail, name="what-if"),
    path("capacity/<int:pk>/progress/", capacity.progress, name="what-if-progress"),
    path("capacity/<int:pk>/adopt/", capacity.adopt, name="what-if-adopt"),
    path("capacity/<int:pk>/discard/", capacity.discard, name="what-if-discard"),
    path("safety/", safety.overview, name="safety"),
    path("safety/csv/", safety.as_csv, name="safety-csv"),
    path("safety/close/", safety.close, name="safety-close"),
    path("safety/calls/<str:person>/", safety.answer, name="safety-call"),
    path("cards/", cards.overview, name="cards"),
    path("cards/window/", window.search, name="window"),
    path("cards/window/<int:pk>/", window.home, name="window-home"),
    path("cards/window/<int:pk>/pdf/", window.card, name="window-card"),
    path("cards/window/<int:pk>/plan/", window.timeline, name="window-plan"),
    path("cards/window/<int:pk>/plan/<str:verb>/", window.change, name="window-plan-change"),
    path("cards/<int:pk>/", cards.detail, name="cards-batch"),
    path("cards/<int:pk>/pdf/", cards.fetch, name="cards-pdf"),
    path("cards/<int:pk>/remove/", cards.remove, name="cards-remove"),
    path("map/", citymap.overview, name="map"),
    path("map/towns.json", mapdata.towns, name="map-towns"),
    path("map/streets.png", mapdata.streets, name="map-streets"),
    path("network/", network.overview, name="network"),
    path("network/streets.png", network.streets, name="network-streets"),
    path("network/upload/", network.upload, name="network-upload"),
    path("network/<str:token>/", network.preview, name="network-preview"),
    path(
        "network/<str:token>/streets.png", network.preview_streets, name="network-preview-streets"
    ),
    path("network/<str:token>/defects.jsonl", network.defects, name="network-defects"),
    path("network/<str:token>/<str:verb>/", network.decide, name="network-decide"),
    path("roads/", roads.overview, name="roads"),
    path("roads/new/", roads.new, name="road-new"),
    path("roads/load/", roads.load, name="roads-load"),
    path("roads/<str:size>.svg", roads.picture, name="roads-picture"),
    path("roads/<int:pk>/withdraw/", roads.withdraw, name="road-withdraw"),
    path("hazards/", hazards.overview, name="hazards"),
    path("hazards/upload/", hazards.upload, name="hazard-upload"),
    path("hazards/<int:pk>/", hazards.detail, name="hazard"),
    path("hazards/<int:pk>/picture.png", hazards.image, name="hazard-picture"),
    path("hazards/<int:pk>/<str:verb>/", hazards.act, name="hazard-act"),
    path("exercise/", exercise.overview, name="exercise"),
    path("exercise/progress/", exercise.progress, name="exercise-progress"),
    path("exercise/<str:verb>/", exercise.control, name="exercise-control"),
]

urlpatterns.extend(
    path(f"{section}/", include(f"sonae.web.staff.{section}_urls"))
    for section in ("orders", "messages")
    if find_spec(f"sonae.web.staff.{section}_urls")
)
