"""Roster (名簿), its lines and files, the questions of the review desk, what clerks decided, models."""

from django.db import models

from sonae.domains.safety.models import Visitor
from sonae.domains.shelters.models import Facility
from sonae.platform.scoped import ScopedModel, TenantModel


class Roster(ScopedModel):
    """名簿: one file or one typed sheet of people, with place, time and who wrote it.

    ``kind``: paper, file, city (another city's) or family (statements). ``state``: typing → waiting →
    taken; discarded; refused (a file that could not be read). ``digest``: SHA-256 of the bytes as they
    came; the same bytes are the same roster. ``mapping``: item of every column. ``taken_back``: each
    taking over that was undone, as {taken_at, taken_by, at, by, reason, people}.
    """

    kind = models.CharField("種類", max_length=8)
    state = models.CharField("状態", max_length=9, default="waiting")
    facility = models.ForeignKey(
        Facility, null=True, on_delete=models.PROTECT, db_index=False, verbose_name="避難所"
    )
    place = models.CharField("場所", max_length=200, blank=True)
    as_of = models.DateTimeField("いつ現在か")
    written_by = models.CharField("書いた人", max_length=120, blank=True)
    name = models.CharField("名簿の名前", max_length=200)
    digest = models.CharField("ハッシュ", max_length=64, blank=True)
    headings = models.JSONField("見出し", default=list)
    mapping = models.JSONField("列の対応", default=list)
    defects = models.JSONField("欠陥", default=list)
    problem = models.JSONField("読めない理由", default=dict)
    brought_at = models.DateTimeField("受付日時")
    brought_by = models.CharField("受け付けた人", max_length=120)
    taken_at = models.DateTimeField("取り込み日時", null=True)
    taken_by = models.CharField("取り込んだ人", max_length=120, blank=True)
    taken_back = models.JSONField("取り消した取り込み", default=list)

    class Meta:
        """The same bytes are in force once per world."""

        verbose_name = "名簿"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "digest"],
                condition=~models.Q(digest="") & models.Q(state__in=["waiting", "taken"]),
                name="roster_once",
            )
        ]


class RosterFile(ScopedModel):
    """名簿の原本: the bytes as they came, or a photograph of the paper, sealed with the server's key.

    Photographs go when the reading of them is over (`services.REMOVED_AFTER`); ``sealed`` is then empty.
    """

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, verbose_name="名簿")
    kind = models.CharField("種類", max_length=8)
    name = models.CharField("ファイル名", max_length=200)
    content_type = models.CharField("形式", max_length=80)
    digest = models.CharField("ハッシュ", max_length=64)
    sealed = models.BinaryField("封をした中身")
    added_at = models.DateTimeField("受付日時")
    added_by = models.CharField("受け付けた人", max_length=120)
    removed_at = models.DateTimeField("消した日時", null=True)

    class Meta:
        """Few per roster."""

        verbose_name = "名簿の原本"


class RosterLine(ScopedModel):
    """名簿の行: one person as written, as understood, and the visitor it became when taken over.

    ``key`` is the visitor's; ``sighting`` the id of its sighting, so that taking over twice is once.
    ``band``: auto, review, none, or empty before matching.
    """

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, verbose_name="名簿")
    row = models.IntegerField("行")
    cells = models.JSONField("書かれたとおり", default=list)
    name = models.CharField("氏名", max_length=120, blank=True)
    kana = models.CharField("フリガナ", max_length=160, blank=True)
    sex = models.CharField("性別", max_length=1, blank=True)
    birth_date = models.CharField("生年月日", max_length=10, blank=True)
    age = models.CharField("年齢", max_length=3, blank=True)
    address = models.CharField("住所", max_length=200, blank=True)
    phone = models.CharField("電話番号", max_length=40, blank=True)
    group = models.CharField("世帯・カード", max_length=40, blank=True)
    said = models.JSONField("項目ごとの文字", default=dict)
    key = models.UUIDField("本人キー")
    sighting = models.UUIDField("所在情報のID")
    visitor = models.ForeignKey(Visitor, null=True, on_delete=models.PROTECT, verbose_name="来訪者")
    band = models.CharField("照合の帯", max_length=6, blank=True)
    probability = models.FloatField("確からしさ", null=True)

    class Meta:
        """In the order of the paper."""

        verbose_name = "名簿の行"
        constraints = [models.UniqueConstraint(fields=["roster", "row"], name="roster_line_row")]


class MatchRun(ScopedModel):
    """照合の回: the lines of one roster, or (``roster`` null) all visitors not settled yet, matched once.

    ``state``: waiting, running, done or failed. ``percent`` and ``step``: how far it is. ``result``:
    counts by band, seconds.
    """

    roster = models.ForeignKey(Roster, null=True, on_delete=models.CASCADE, verbose_name="名簿")
    state = models.CharField("状態", max_length=8, default="waiting")
    percent = models.SmallIntegerField("進み", default=0)
    step = models.CharField("段階", max_length=60, blank=True)
    asked_at = models.DateTimeField("頼んだ日時")
    asked_by = models.CharField("頼んだ人", max_length=120)
    ended_at = models.DateTimeField("終わった日時", null=True)
    result = models.JSONField("結果", default=dict)
    error = models.CharField("失敗の理由", max_length=200, blank=True)

    class Meta:
        """Newest first."""

        verbose_name = "照合の回"


class RosterLayout(TenantModel):
    """名簿の列の対応: what a person said the columns of a layout mean, for the next list like it."""

    signature = models.CharField("見出しの署名", max_length=64)
    mapping = models.JSONField("列の対応", default=list)
    headings = models.JSONField("見出し", default=list)
    at = models.DateTimeField("日時")
    by = models.CharField("直した人", max_length=120)

    class Meta:
        """The last word per layout counts."""

        verbose_name = "名簿の列の対応"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "signature"], name="layout_signature")
        ]


class MatchQuestion(ScopedModel):
    """照合の問い: who is this visitor? One open question per visitor and kind.

    ``kind``: ``register`` (is it a resident?) or ``duplicate`` (is it another visitor?).
    ``candidates``: list of {person, probability, why, levels, weights}, best first, at most five;
    ``person`` is the primary key of a resident, or of a visitor. Nobody under 支援措置 is among them.
    ``state``: open, later, second (waits for another person), settled. ``leased_until`` in UNIX
    seconds: until then the question is ``leased_by``'s. ``order``: the larger, the sooner.
    """

    visitor = models.ForeignKey(Visitor, on_delete=models.PROTECT, verbose_name="来訪者")
    kind = models.CharField("種類", max_length=9, default="register")
    candidates = models.JSONField("候補", default=list)
    order = models.FloatField("急ぐ順", default=0.0)
    state = models.CharField("状態", max_length=8, default="open")
    due_at = models.FloatField("次に聞く時（UNIX秒）", default=0.0)
    leased_by = models.CharField("いま見ている人", max_length=120, blank=True)
    leased_until = models.FloatField("いつまで（UNIX秒）", default=0.0)
    first_by = models.CharField("先に答えた人", max_length=120, blank=True)
    asked_at = models.DateTimeField("できた日時")

    class Meta:
        """Read by what is to be asked next."""

        verbose_name = "照合の問い"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "visitor", "kind"], name="question_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["municipality", "world", "state", "-order"],
                name="question_next",
            )
        ]


class MatchDecision(ScopedModel):
    """照合の判断: one answer of one clerk; never changed. What weights are learnt from.

    ``answer``: person, none or later; ``person``: primary key of the resident or visitor chosen;
    ``link``: the link event made, if any. ``undone_at``: when the clerk took it back. ``shown``: the
    candidates as shown; ``seconds``: how long the question was open.
    """

    question = models.ForeignKey(MatchQuestion, on_delete=models.PROTECT, verbose_name="問い")
    answer = models.CharField("答え", max_length=6)
    person = models.BigIntegerField("選んだ人", null=True)
    proposed = models.BooleanField("2人目を待つ", default=False)
    link = models.UUIDField("結び付け", null=True)
    shown = models.JSONField("見せた候補", default=list)
    at = models.DateTimeField("日時")
    by = models.CharField("答えた人", max_length=120)
    undone_at = models.DateTimeField("取り消した日時", null=True)

    class Meta:
        """Newest first per clerk."""

        verbose_name = "照合の判断"
        indexes = [models.Index(fields=["municipality", "world", "by", "at"], name="decision_by")]


class MatchingModel(TenantModel):
    """照合の重み: one edition of the settings of matching, learnt from decisions.

    ``state``: waiting, in_force, replaced, overtaken or discarded. ``figures``: {before, after} on decisions held
    out; ``decisions``: how many it was learnt from.
    """

    number = models.IntegerField("版")
    content = models.TextField("設定")
    figures = models.JSONField("前と後の成績", default=dict)
    decisions = models.IntegerField("学んだ判断の数", default=0)
    state = models.CharField("状態", max_length=9, default="waiting")
    made_at = models.DateTimeField("作成日時")
    decided_at = models.DateTimeField("決定日時", null=True)
    decided_by = models.CharField("決定者", max_length=120, blank=True)

    class Meta:
        """Numbers count up."""

        verbose_name = "照合の重み"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "number"], name="matching_model_number")
        ]
