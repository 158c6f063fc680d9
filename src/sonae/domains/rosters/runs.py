"""Matching as a job (照合): lines and visitors against the register, then against each other.

The engine tells candidates and how sure; here it is decided what becomes a link by itself, what a
clerk is asked, and what nobody may see: people under 支援措置 take part inside the machine only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.kana import search_key
from sonae.domains.residents import interface as residents
from sonae.domains.rosters.desk import in_hands
from sonae.domains.rosters.models import (
    MatchDecision,
    MatchingModel,
    MatchQuestion,
    MatchRun,
    Roster,
    RosterLine,
)
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Match, VisitorEntry
from sonae.engines.matching import again, linking
from sonae.engines.matching.linking import Candidate, LineResult
from sonae.engines.matching.model import Model
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import take_turn, writing

ASKED: Final = "roster.match"
SILENT: Final = 0.9
"""From here a line that is somebody under 支援措置 is linked: no clerk can be asked."""
TWICE: Final = 0.5
"""From here two people are shown to a clerk as perhaps one."""
_AT_ONCE: Final = 1000
_SAME_WORDS: Final = "フリガナ（または氏名）と生年月日が同じ"
_COLUMNS: Final = ("name", "kana", "sex", "birth_date", "age", "address", "phone", "group")
Progress = linking.Progress


def ask(actor: Actor, roster_pk: int | None = None) -> MatchRun:
    """Have the people of a roster matched, or (None) all visitors not settled yet."""
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("rosters")
        if (
            roster_pk is not None
            and not Roster.objects.filter(pk=roster_pk, state="taken").exists()
        ):
            raise SonaeError("conflict", "照合するのは、取り込んだ名簿だけです。")
        waits = MatchRun.objects.filter(roster=roster_pk, state="waiting").first()
        if waits is not None:
            return waits
        run = MatchRun.objects.create(
            roster_id=roster_pk, asked_at=clock.now(), asked_by=(actor.name or actor.id)[:120]
        )
        outbox.publish(ASKED, {"run": run.pk}, order_key="roster_match")
        audit.record(actor.id, "matching_asked", f"run:{run.pk}", roster=roster_pk)
    return run


def work_out(run_pk: int) -> MatchRun | None:
    """Match what a run asks for; a run that was done before is left alone, one that failed is not."""
    run = MatchRun.objects.filter(pk=run_pk).exclude(state="done").first()
    if run is None:
        return None
    begun = time.perf_counter()
    try:
        counts = _match(run)
    except SonaeError as error:
        _note(run.pk, state="failed", error=f"{error.detail} {error.hint}".strip()[:200])
        return MatchRun.objects.get(pk=run_pk)
    except Exception:
        _note(
            run.pk, state="failed", error=""
        )  # the page may not say it goes on; the outbox retries
        raise
    counts["seconds"] = round(time.perf_counter() - begun, 1)
    _note(run.pk, state="done", percent=100, step="", error="", ended_at=clock.now(), result=counts)
    return MatchRun.objects.get(pk=run_pk)


def _note(run_pk: int, **changes: Any) -> None:
    with writing():
        MatchRun.objects.filter(pk=run_pk).update(**changes)


def _teller(run_pk: int, first: int, last: int) -> Progress:
    """Return who hears how far a part of the work is; written at most every two seconds."""
    told = [0.0]

    def tell(share: float, step: str) -> None:
        if time.monotonic() - told[0] >= 2:
            told[0] = time.monotonic()
            percent = first + round(share * (last - first))
            _note(run_pk, state="running", percent=percent, step=step[:60])

    return tell


def _match(run: MatchRun) -> dict[str, Any]:
    """Match, write links and questions, return counts by band."""
    lines = lines_as_columns(run.roster_id)
    if not lines["line_id"]:
        return {"lines": 0, "auto": 0, "review": 0, "none": 0, "twice": 0}
    day = (run.roster.as_of if run.roster else clock.now()).astimezone(clock.JST).date()
    register = residents.matching_columns()
    found = linking.match(
        register, lines, model=model_in_force(), progress=_teller(run.pk, 0, 80), as_of=day
    )
    del register
    counts = _Settling(residents.shielded_pks()).write(found)
    counts["twice"] = _find_twice(run, lines)
    return counts


def model_in_force() -> Model | None:
    """Return the weights that a person put in force; None: learnt from every roster itself."""
    row = MatchingModel.objects.filter(state="in_force").order_by("-number").first()
    return Model.from_json(row.content) if row else None


def lines_as_columns(roster_pk: int | None) -> dict[str, list[str]]:
    """Return people as columns, the visitor's primary key as ``line_id``: a roster's, or all visitors.

    Names and addresses as written: what a card leaves out is read better beside the register. What a
    person has written better since (`VisitorEntry`) comes before that.
    """
    later = safety.corrections()
    columns: dict[str, list[str]] = {name: [] for name in ("line_id", *_COLUMNS)}
    written: set[int] = set()
    rows = RosterLine.objects.exclude(visitor=None).order_by("roster", "row")
    for line in rows.filter(**({} if roster_pk is None else {"roster": roster_pk})).iterator(2000):
        said, entry = line.said, later.get(line.visitor_id or 0)
        written.add(line.visitor_id or 0)
        if entry is not None:
            _append(columns, _as_corrected(entry, line))
            continue
        known = [line.sex, line.birth_date, line.age, said["address"], said["phone"]]
        group = f"{line.roster_id}:{line.group}" if line.group else ""
        _append(columns, [str(line.visitor_id), said["name"], said["kana"], *known, group])
    if roster_pk is None:
        for one in safety.spoken_of().order_by("pk").iterator(2000):
            if one.pk in written:
                continue
            if entry := later.get(one.pk):
                _append(columns, _as_corrected(entry, None))
                continue
            known = ["", one.birth_date, "", one.address, ""]
            _append(columns, [str(one.pk), one.name, one.kana, *known, ""])
    return columns


def _as_corrected(entry: VisitorEntry, line: RosterLine | None) -> list[str]:
    """Return the values of a visitor by what a person has written since; the card stays as it was."""
    group = f"{line.roster_id}:{line.group}" if line and line.group else ""
    age = line.age if line and line.birth_date == entry.birth_date else ""
    return [
        str(entry.visitor_id), entry.name, entry.kana, entry.sex, entry.birth_date, age,
        entry.address, entry.phone, group,
    ]  # fmt: skip


def _append(columns: Mapping[str, list[str]], values: Sequence[str]) -> None:
    for name, value in zip(columns, values, strict=True):
        columns[name].append(value)


@dataclass
class _Settling:
    """Turns results into links and questions. ``shielded``: residents whom no clerk may see."""

    shielded: set[int]

    def write(self, found: Sequence[LineResult]) -> dict[str, Any]:
        """Write links and questions in parts; a part that was written before changes nothing.

        What clerks have answered meanwhile, or are looking at, is theirs: looked up under the desk's own
        turn, which is always taken before the ledger's.
        """
        urgency = _urgency({int(c.resident_id) for one in found for c in one.candidates})
        counts: dict[str, Any] = {"lines": 0, "auto": 0, "review": 0, "none": 0}
        for start in range(0, len(found), _AT_ONCE):
            part = found[start : start + _AT_ONCE]
            with writing():
                take_turn("review")
                take_turn("safety")
                # Who was taken back while this was computed is nobody to be linked or asked about.
                pks = [int(one.line_id) for one in part]
                there = safety.still_spoken_of(pks) - in_hands(pks)
                part = [one for one in part if int(one.line_id) in there]
                bands, told = self._links(part)
                self._questions(part, bands, urgency)
                self._lines(part, told)
            for band in told.values():
                counts[band] += 1
            counts["lines"] += len(part)
        return counts

    def _band(self, one: LineResult) -> str:
        """Return the band of a line, which for shielded people nobody can be asked about."""
        best = one.candidates[0] if one.candidates else None
        if best is not None and int(best.resident_id) in self.shielded:
            if best.probability >= SILENT:
                return "auto"
            return "review" if self.visible(one.candidates) else "none"
        return one.band

    def visible(self, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
        """Return candidates as a clerk may see them, their probabilities as if there were no others."""
        hidden = sum(c.probability for c in candidates if int(c.resident_id) in self.shielded)
        rest = max(1.0 - hidden, 1e-6)
        shown = [c for c in candidates if int(c.resident_id) not in self.shielded]
        return [
            {
                "person": int(c.resident_id),
                "probability": round(min(c.probability / rest, 1.0), 4),
                "why": c.why, "levels": c.levels, "weights": c.weights,
            }
            for c in shown
        ]  # fmt: skip

    def _links(self, part: Sequence[LineResult]) -> tuple[dict[str, str], dict[str, str]]:
        """Link whom the machine is sure of; return line → band, and as it is told.

        Told, a line that is somebody under 支援措置 is nobody's: a list of one name must not be a question
        that its count answers.
        """
        stands = safety.links_of([int(one.line_id) for one in part])
        bands = {
            one.line_id: "auto" if int(one.line_id) in stands else self._band(one) for one in part
        }
        matches = [
            Match(
                int(one.line_id), int(one.candidates[0].resident_id),
                reason="・".join(one.candidates[0].why), probability=one.candidates[0].probability,
            )
            for one in part
            if bands[one.line_id] == "auto" and one.candidates and self._band(one) == "auto"
        ]  # fmt: skip
        # Who somebody dead is, two people say.
        dead = safety.mourned(matches)
        for one in part:
            if int(one.line_id) in dead:
                bands[one.line_id] = "review" if self.visible(one.candidates) else "none"
        if made := [one for one in matches if one.visitor_pk not in dead]:
            safety.link_many(SYSTEM, made, source="auto")
        silent = {str(one.visitor_pk) for one in made if one.resident_pk in self.shielded}
        silent |= {str(pk) for pk, link in stands.items() if link.resident_id in self.shielded}
        return bands, {line: "none" if line in silent else band for line, band in bands.items()}

    def _questions(
        self, part: Sequence[LineResult], bands: Mapping[str, str], urgency: Mapping[int, float]
    ) -> None:
        """Write or renew the question of every line; what a person has answered is left alone."""
        known = {
            row.visitor_id: row
            for row in MatchQuestion.objects.filter(
                kind="register", visitor__in=[int(one.line_id) for one in part]
            )
        }
        new: list[MatchQuestion] = []
        changed: list[MatchQuestion] = []
        for one in part:
            shown = self.visible(one.candidates)
            state = "open" if bands[one.line_id] == "review" else "settled"
            order = sum(c["probability"] * urgency.get(c["person"], 1.0) for c in shown)
            row = known.get(int(one.line_id)) or MatchQuestion(
                visitor_id=int(one.line_id), kind="register", asked_at=clock.now()
            )
            row.candidates, row.order = shown, round(order, 4)
            row.state = row.state if row.state in ("later", "second") else state
            (changed if row.pk else new).append(row)
        MatchQuestion.objects.bulk_create(new)
        MatchQuestion.objects.bulk_update(changed, ["candidates", "order", "state"], batch_size=500)

    def _lines(self, part: Sequence[LineResult], bands: Mapping[str, str]) -> None:
        """Note the band on the roster's lines."""
        rows = RosterLine.objects.filter(visitor__in=[int(one.line_id) for one in part])
        held = list(rows.only("pk", "visitor_id", "band", "probability"))
        sure = {one.line_id: one.probability for one in part}
        for row in held:
            row.band = bands[str(row.visitor_id)]
            row.probability = sure[str(row.visitor_id)] if row.band != "none" else None
        RosterLine.objects.bulk_update(held, ["band", "probability"], batch_size=500)


def _urgency(people: Iterable[int]) -> dict[int, float]:
    """Return resident → danger × need, for those whom the open inquiry still looks for."""
    inquiry = safety.current_inquiry()
    if inquiry is None or inquiry.closed_at is not None:
        return {}
    listed = sorted(people)
    found: dict[int, float] = {}
    for start in range(0, len(listed), 5000):
        rows = safety.InquirySubject.objects.filter(
            inquiry=inquiry, accounted_at=None, resident__in=listed[start : start + 5000]
        )
        for resident, danger, need in rows.values_list("resident_id", "danger", "need"):
            found[resident] = 1.0 + (danger + 1) * (need + 1)
    return found


def _find_twice(run: MatchRun, lines: Mapping[str, list[str]]) -> int:
    """Ask about people who seem to be written twice and are nobody sure of the register."""
    # As the clerks see it, who are asked: two writings of somebody under 支援措置 too.
    open_now = set(safety.Eyes().own().values_list("pk", flat=True))
    everyone = lines_as_columns(None) if run.roster_id is not None else lines
    kept = [n for n, key in enumerate(everyone["line_id"]) if int(key) in open_now]
    columns = {name: [values[n] for n in kept] for name, values in everyone.items()}
    if len(kept) < 2:
        return 0
    found = {
        (one.first_line, one.second_line): one
        for one in again.find(columns, progress=_teller(run.pk, 80, 99))
        if one.probability >= TWICE
    }
    for pair in _same_words(columns):
        found.setdefault(pair, again.Same(*pair, TWICE, None, [_SAME_WORDS], {}))
    asked = 0
    with writing():
        take_turn("review")
        done = _settled_pairs()
        there = safety.still_spoken_of({int(key) for pair in found for key in pair})
        for same in found.values():
            first, second = sorted((int(same.first_line), int(same.second_line)))
            if (first, second) not in done and {first, second} <= there:
                asked += _ask_twice(first, second, same)
    return asked


def _same_words(columns: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return people with the same kana (or name) and birth date, whatever the engine makes of few lines."""
    seen: dict[tuple[str, str], str] = {}
    pairs = []
    for n, born in enumerate(columns["birth_date"]):
        name = search_key(columns["kana"][n]) or "".join(columns["name"][n].split())
        key = (name, born)
        if name and len(born) == 10:
            if key in seen:
                pairs.append((seen[key], columns["line_id"][n]))
            seen.setdefault(key, columns["line_id"][n])
    return pairs


def _settled_pairs() -> set[tuple[int, int]]:
    """Return pairs of visitors of whom a person has said that they are two."""
    rows = MatchDecision.objects.filter(question__kind="duplicate", undone_at=None, answer="none")
    return {
        (min(visitor, shown["person"]), max(visitor, shown["person"]))
        for visitor, candidates in rows.values_list("question__visitor", "shown")
        for shown in candidates
    }


def _ask_twice(first: int, second: int, same: again.Same) -> int:
    """Ask whether the later of two visitors is the earlier one; return 1 when that is new."""
    candidate = {
        "person": first, "probability": round(same.probability, 4), "why": same.why,
        "levels": {}, "weights": same.weights,
    }  # fmt: skip
    row = MatchQuestion.objects.filter(visitor=second, kind="duplicate").first()
    if row is None:
        MatchQuestion.objects.create(
            visitor_id=second, kind="duplicate", candidates=[candidate], asked_at=clock.now(),
            order=0.5 * same.probability,
        )  # fmt: skip
        return 1
    others = [one for one in row.candidates if one["person"] != first]
    row.candidates = sorted([*others, candidate], key=lambda one: -one["probability"])[:5]
    if row.state == "settled" and first not in {one["person"] for one in others}:
        row.state = "open"
    row.save(update_fields=["candidates", "state"])
    return 0
