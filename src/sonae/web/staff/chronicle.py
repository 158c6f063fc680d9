"""事案の時系列: what happened and who did what, gathered from audit, telegrams, plans and sightings."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core.clock import JST
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity.interface import Account
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.platform.models import AuditEntry
from sonae.web import states, words


@dataclass(frozen=True)
class Happening:
    """One line of the chronology; ``key`` marks what everyone must have seen."""

    at: datetime
    text: str
    who: str = ""
    href: str = ""
    key: bool = False


ACTS = {
    "shelter.state": lazy("避難所の状態を報告"),
    "sheltering.room": lazy("避難所の部屋を変更"),
    "sheltering.room_stay": lazy("部屋割りを記録"),
    "sheltering.supply_asked": lazy("物資を要請"),
    "sheltering.supply_step": lazy("物資の要請を更新"),
    "sheltering.supply_received": lazy("物資を受領"),
    "sheltering.meal_begun": lazy("配食を開始"),
    "sheltering.meal_ended": lazy("配食を終了"),
    "sheltering.meal_taken_back": lazy("配食の記録を取り消し"),
    "sheltering.notice_put_up": lazy("避難所の掲示を出した"),
    "sheltering.notice_taken_down": lazy("避難所の掲示を外した"),
    "sheltering.health": lazy("健康チェックを記録"),
    "sheltering.daily_report": lazy("避難所日報を報告"),
    "sheltering.handover": lazy("引継ぎを書いた"),
    "sheltering.handover_taken": lazy("引継ぎを受けた"),
    "sheltering.printed": lazy("避難所の様式を印刷"),
    "cards.request": lazy("避難カードの印刷を依頼"),
    "cards.fetch": lazy("避難カードのPDFを取り出し"),
    "cards.remove": lazy("避難カードのPDFを消去"),
    "shelters.load": lazy("施設一覧を更新"),
    "shelters.list_taken_in": lazy("避難先の一覧を読み込み"),
    "shelters.list_taken_again": lazy("前の避難先の一覧を読み直し"),
    "shelters.list_in_force": lazy("避難先の一覧を入れ替え"),
    "shelters.list_discarded": lazy("避難先の一覧の案を取り下げ"),
    "shelters.difference_settled": lazy("国と市の一覧の違いを決定"),
    "what_if.adopt": lazy("受入の試算を採用"),
    "what_if.discard": lazy("受入の試算を取り消し"),
    "timeline.window": lazy("窓口で世帯の計画を記録"),
    "network_loaded": lazy("道路網を更新"),
    "network_discarded": lazy("道路網の案を取り下げ"),
    "basemap_built": lazy("背景地図を作り直した"),
    "hazard_layer_loaded": lazy("ハザード情報を更新"),
    "hazard_layer_drafted": lazy("ハザード情報の案を読み込み"),
    "hazard_layer_retired": lazy("ハザード情報の使用を終了"),
    "exchange_policies_chosen": lazy("安否の回答のきまりを決定"),
    "hazard_layer_discarded": lazy("ハザード情報の案を取り下げ"),
    "obstacle_reported": lazy("通行止め・崩壊・浸水を報告"),
    "obstacle_withdrawn": lazy("通行止め・崩壊・浸水の報告を取り消し"),
    "open_data_licence": lazy("公開データの利用条件を決定"),
    "token_issued": lazy("連携用の鍵を発行"),
    "token_revoked": lazy("連携用の鍵を無効に"),
    "register_loaded": lazy("住民データを更新"),
    "register_cleared": lazy("住民データを消去"),
    "register.file_taken_in": lazy("住民データのファイルを読み込み"),
    "register.columns_chosen": lazy("住民データの列の対応を決定"),
    "register.confirmed": lazy("住民データの入れ替えを決定"),
    "register.first_agreed": lazy("住民データの大きな変更に1人目が同意"),
    "register.in_force": lazy("住民データを入れ替え"),
    "register.discarded": lazy("住民データの案を取り下げ"),
    "register.failed": lazy("住民データを書き込めなかった"),
    "register.undo_asked": lazy("住民データの取り消しに1人目が同意"),
    "register.undo_refused": lazy("住民データの取り消しの提案を退けた"),
    "register.undone": lazy("住民データの入れ替えを取り消し"),
    "address_points_loaded": lazy("住所の位置データを更新"),
    "roster.handed_out": lazy("要支援者名簿を渡した"),
    "roster_brought": lazy("名簿のファイルを読み込み"),
    "roster_remapped": lazy("名簿の列の対応を決定"),
    "roster_begun": lazy("名簿の入力を開始"),
    "roster_typed": lazy("名簿を入力"),
    "roster_picture_added": lazy("名簿の写真を追加"),
    "roster_pictures_removed": lazy("名簿の写真を消去"),
    "roster_discarded": lazy("名簿を取りやめ"),
    "roster_taken_over": lazy("名簿を取り込み"),
    "roster_taken_back": lazy("名簿の取り込みを取り消し"),
    "roster_exported": lazy("名簿をファイルに書き出し"),
    "roster_defects_exported": lazy("名簿の欠陥をファイルに書き出し"),
    "register.defects_exported": lazy("住民データの欠陥をファイルに書き出し"),
    "matching_asked": lazy("名簿の照合を依頼"),
    "match_answered": lazy("照合の確認に答えた"),
    "match_answer_undone": lazy("照合の答えを取り消し"),
    "match_asked_again": lazy("照合のやり直しを依頼"),
    "matching_learnt": lazy("照合の重みを学び直した"),
    "matching_model_use": lazy("照合の重みを使い始めた"),
    "matching_model_discard": lazy("照合の重みの案を取り下げ"),
    "matching_model_end": lazy("照合の重みの使用を終了"),
    "visitor_described": lazy("来訪者の記載を追加"),
    "roster.entry_saved": lazy("要支援者名簿・個別避難計画を記録"),
    "roster.taken_off": lazy("要支援者名簿から外した"),
    "visitors_forgotten": lazy("来訪者の記録を消去"),
    "roster_picture_seen": lazy("名簿の写真を表示"),
    "visitors_seen": lazy("来訪者の一覧を表示"),
    "visitor_seen": lazy("来訪者の記録を表示"),
    "request_received": lazy("安否の照会を受付"),
    "request_identified": lazy("照会した人の本人確認を記録"),
    "request_person": lazy("照会の相手をさがした"),
    "answer_drafted": lazy("照会への回答案を作成"),
    "answer_decided": lazy("照会への回答を決裁"),
    "answer_returned": lazy("照会への回答案を差し戻し"),
    "answer_given": lazy("照会に回答"),
    "request_withdrawn": lazy("安否の照会を取り下げ"),
    "names_drafted": lazy("氏名公表の案を作成"),
    "names_checked": lazy("氏名公表の案を確認"),
    "names_approved": lazy("氏名公表に1人目が同意"),
    "names_in_force": lazy("氏名公表を決裁"),
    "names_draft": lazy("氏名公表の案を差し戻し"),
    "names_ended": lazy("氏名の公表を終了"),
    "names_handed_over": lazy("公表する氏名を県へ渡した"),
    "name_added": lazy("氏名公表の案に人を加えた"),
    "name_withdrawn": lazy("公表した氏名を取り下げ"),
    "kin_consent_noted": lazy("氏名公表への家族の同意を記録"),
    "partner_enrolled": lazy("ほかの市町村との共有を登録"),
    "partner_stopped": lazy("ほかの市町村との共有を停止"),
    "pfif_uploaded": lazy("PFIFのファイルを読み込み"),
    "pfif_imported": lazy("PFIFの人を取り込み"),
    "pfif_discarded": lazy("PFIFの案を取り下げ"),
    "pfif_exported": lazy("PFIFを書き出し"),
    "warnings.acknowledged": lazy("読めなかった電文を確認"),
    "warnings.dated_ahead_used": lazy("日時が未来の電文を、使うと決めた"),
    "warnings.ended": lazy("警報を人が終わらせた"),
    "warnings.end_undone": lazy("人が終わらせた警報を元に戻した"),
    "warnings.prune": lazy("くり返しの古い電文を消した"),
    "warnings.refused": lazy("読めない電文を受信"),
    "input.add": lazy("受信経路を追加"),
    "input.enable": lazy("受信を開始"),
    "input.disable": lazy("受信を停止"),
    "input.remove": lazy("受信経路を削除"),
    "order.draft": lazy("避難情報を起案"),
    "order.edit": lazy("避難情報の案を修正"),
    "order.submit": lazy("避難情報の決裁を依頼"),
    "order.discard": lazy("避難情報の案を取り下げ"),
    "order.return": lazy("避難情報を差し戻し"),
    "order.reject": lazy("避難情報を却下"),
    "order.issue": lazy("避難情報を発令"),
    "order.cancel": lazy("避難情報を取消"),
    "order.lift": lazy("避難情報を解除"),
    "message.correct": lazy("伝達文を訂正"),
    "message.resend": lazy("止まった送信を再開"),
    "message.renew": lazy("公開中の伝達文を更新"),
    "rule.fired": lazy("対応ルールが作動"),
    "rule.seen": lazy("警報の呼び出しを確認"),
    "rule.save": lazy("対応ルールを変更"),
    "rule.move": lazy("対応ルールの順番を変更"),
    "rule.reset": lazy("対応ルールを既定に戻した"),
    "duty_mail": lazy("当番メールの設定を変更"),
    "notice.sent": lazy("お知らせを自動で送信"),
    "notice.draft": lazy("お知らせを起案"),
    "notice.correct": lazy("お知らせの訂正を起案"),
    "notice.edit": lazy("お知らせの案を修正"),
    "notice.submit": lazy("お知らせの決裁を依頼"),
    "notice.approve": lazy("お知らせを決裁して送信"),
    "notice.return": lazy("お知らせを差し戻し"),
    "notice.drop": lazy("お知らせの案を取り下げ"),
    "notice.lifting": lazy("お知らせの終わりを送信"),
    "notice.cancellation": lazy("お知らせの取消を送信"),
    "extract_given": lazy("受付端末へ名簿を渡した"),
    "visitor_consented": lazy("来訪者の掲示への同意を記録"),
    "visitor_consent_withdrawn": lazy("来訪者の掲示への同意の取りやめを記録"),
    "posted_list_printed": lazy("避難所に掲示する名簿を印刷"),
    "sheltered_exported": lazy("避難所にいる人の名簿を保存"),
    "setting_proposed": lazy("市の設定の変更を提案"),
    "setting_changed": lazy("市の設定を変更"),
    "setting_refused": lazy("市の設定の変更を取りやめ"),
    "service_registered": lazy("連携サービスを登録"),
    "service_secret_renewed": lazy("連携サービスのシークレットを更新"),
    "service_stopped": lazy("連携サービスを停止"),
    "signing_key_made": lazy("署名の鍵を作成"),
    "sharing_declared": lazy("緊急時の名簿提供を起案"),
    "sharing_approved": lazy("緊急時の名簿提供を決裁して開始"),
    "sharing_ended": lazy("緊急時の名簿提供を終了"),
    "sharing_dropped": lazy("緊急時の名簿提供の起案を取り下げ"),
    "help.progress": lazy("助けを求める人への対応を始めた"),
    "help.done": lazy("助けを求める人への対応を終えた"),
    "help.unreachable": lazy("助けを求める人に会えなかった"),
    "help.open": lazy("助けを求める人を未対応に戻した"),
    "person_linked": lazy("来訪者を本人と結び付けた"),
    "person_link_proposed": lazy("来訪者と本人の結び付けを提案"),
    "person_link_refused": lazy("来訪者と本人の結び付けの提案を退けた"),
    "person_unlinked": lazy("来訪者と本人の結び付けを解いた"),
    "statement_taken": lazy("安否について聞いたことを記録"),
    "dispute_settled": lazy("食い違う所在情報を整理"),
    "death.proposed": lazy("死亡の確認を提案"),
    "death.agreed": lazy("死亡の確認を決裁"),
    "death.refused": lazy("死亡の確認を退けた"),
    "death.withdrawn": lazy("死亡の確認を取り下げ"),
    "death.undone": lazy("死亡の確認を取り消し"),
    "patrol.made": lazy("見回り票を作成"),
    "patrol.printed": lazy("見回り票を印刷"),
    "patrol.reported": lazy("見回りの結果を記録"),
    "patrol.ended": lazy("見回り票を終了"),
    "inquiry_closed": lazy("安否確認を終了"),
    "sighting_undone": lazy("所在情報を取り消し"),
    "safety.export": lazy("安否未確認者の一覧を保存"),
    "code_lost": lazy("なくしたカードのQRを無効に"),
    "code_found": lazy("見つかったカードのQRを有効に"),
    "outbox_carried": lazy("運ばれてきた受付記録を取り込み"),
    "terminal_enrolled": lazy("受付端末を登録"),
    "terminal_revoked": lazy("受付端末を失効"),
    "drill_report_kept": lazy("受付の時間を保存"),
    "arrival_recorded": lazy("他の避難所から着いた人を記録"),
    "terminal_commanded": lazy("受付端末に停止・消去を命令"),
    "exercise.start": lazy("訓練の再生を開始"),
    "exercise.stop": lazy("訓練の再生を停止"),
    "exercise.reset": lazy("訓練のデータを消去"),
}
"""Acts of the audit in words; tests/architecture sees to it that every act has some."""

HIDDEN = ("account", "signed_", "sign_", "session", "password", "mfa", "register.shield", "shield.",
          "roster_picture_seen", "roster_seen", "roster_line_seen", "register.file_seen", "visitor_seen",
          "visitors_seen", "contact_", "consent_", "ask_preference", "service_use",
          "service_token")  # fmt: skip
"""Acts, by their beginning, that the chronology does not show: they do not even take a line's place."""
KEY_ACTS = (
    "warnings.ended",
    "warnings.end_undone",
    "order.issue",
    "order.cancel",
    "order.lift",
    "message.correct",
    "notice.sent",
    "notice.approve",
    "notice.cancellation",
    "sharing_approved",
)
GROUP_WITHIN = timedelta(minutes=10)
"""The same act of the same person this close together is one line with a count."""


def happenings(limit: int = 60) -> list[Happening]:
    """Return the newest lines of the chronology, newest first."""
    found = [*_acts(limit), *_telegrams(limit), *_plans(limit), *_calls(), *_people()]
    return sorted(found, key=lambda line: line.at, reverse=True)[:limit]


def _acts(limit: int) -> list[Happening]:
    """Return what people did, from the audit, runs of the same act joined."""
    hidden = reduce(or_, (Q(action__startswith=beginning) for beginning in HIDDEN))
    rows = list(AuditEntry.objects.exclude(hidden).order_by("-sequence")[: limit * 5])
    names = names_of({row.actor for row in rows})
    runs: list[list[AuditEntry]] = []
    for row in rows:
        last = runs[-1][-1] if runs else None
        if last and _same_run(last, row):
            runs[-1].append(row)
        else:
            runs.append([row])
    return [
        Happening(
            run[0].at, _act_text(run), names.get(run[0].actor, ""), key=run[0].action in KEY_ACTS
        )
        for run in runs
    ]


def _same_run(newer: AuditEntry, older: AuditEntry) -> bool:
    """Tell whether two entries are one line: a routine act repeated by the same person."""
    same = (newer.action, newer.actor) == (older.action, older.actor)
    return same and newer.action not in KEY_ACTS and newer.at - older.at <= GROUP_WITHIN


def names_of(actors: set[str]) -> dict[str, str]:
    """Return actor → the name people know; the system itself has none."""
    pks = [int(actor.partition(":")[2]) for actor in actors if actor.startswith("account:")]
    accounts = {
        f"account:{one.pk}": one.get_full_name() for one in Account.objects.filter(pk__in=pks)
    }
    others = {actor: actor for actor in actors if not actor.startswith(("account:", "system"))}
    rules = {
        f"rule:{one.rule.code}": _("ルール「%(name)s」") % {"name": one.rule.name}
        for one in warnings.placed_rules()
    }
    return others | accounts | {actor: rules[actor] for actor in actors & rules.keys()}


def _act_text(run: list[AuditEntry]) -> str:
    """Return an act in words, with what it was about and how many more of its kind there were."""
    row = run[0]
    text = str(ACTS.get(row.action, row.action))
    about = str(row.detail.get("name") or "")
    if state := row.detail.get("state"):
        about = f"{about} {states.state('facility', str(state))[0]}".strip()
    if row.action.startswith("order."):
        about = _order_text(row)
    told = f"{text}：{about}" if about else text
    return (
        told
        if len(run) == 1
        else _("%(told)s ほか%(count)d件") % {"told": told, "count": len(run) - 1}
    )


def _order_text(row: AuditEntry) -> str:
    """Return level, name and hazard of the order an act was about."""
    level = row.detail.get("level")
    name = evacuation.ORDER_NAMES.get(level, "") if isinstance(level, int) else ""
    hazard = words.hazard(str(row.detail.get("hazard", "")))
    return f"{_('警戒レベル%(level)d') % {'level': level}} {_(name)}（{hazard}）" if name else ""


def _telegrams(limit: int) -> list[Happening]:
    """Return the telegrams about us."""
    return [
        Happening(
            row.received_at,
            _("電文を受信：%(title)s") % {"title": row.title or _("標題なし")},
            row.office,
            f"/staff/warnings/{row.pk}/",
            key=row.severity in {"emergency", "critical"},
        )
        for row in warnings.history(limit, ours_only=True)
    ]


def _plans(limit: int) -> list[Happening]:
    """Return the plan runs with their totals."""
    return [
        Happening(
            run.at,
            _(
                "避難計画を計算：危険区域の中に %(inside)s人、調査されていない土地に %(unknown)s人（%(seconds).1f秒）"
            )
            % {
                "inside": f"{run.counts.get('inside', 0):,}",
                "unknown": f"{run.counts.get('unknown', 0):,}",
                "seconds": run.seconds,
            },
        )
        for run in evacuation.PlanRun.objects.order_by("-pk")[:limit]
    ]


def _calls() -> list[Happening]:
    """Return hour by hour how many people called for help, at the last of these calls; who, the list
    of the unaccounted says."""
    by_hour: dict[datetime, list[datetime]] = {}
    for at in safety.help_times():
        hour = at.astimezone(JST).replace(minute=0, second=0, microsecond=0)
        by_hour.setdefault(hour, []).append(at)
    return [
        Happening(
            max(heard),
            _("%(hour)s時台に助けを求める連絡：%(count)s人")
            % {"hour": hour.hour, "count": len(heard)},
            href="/staff/safety/#help",
            key=True,
        )
        for hour, heard in by_hour.items()
    ]


def _people() -> list[Happening]:
    """Return hour by hour how many residents were newly accounted for."""
    by_hour: dict[datetime, list[int]] = {}
    last: dict[datetime, datetime] = {}
    for point in safety.curve():
        hour = point.at.astimezone(JST).replace(minute=0, second=0, microsecond=0)
        by_hour.setdefault(hour, []).append(point.unaccounted)
        last[hour] = point.at
    return [
        Happening(
            last[hour],
            _("%(hour)s時台に安否を確認：%(count)s人、未確認は残り%(left)s人")
            % {
                "hour": hour.hour,
                "count": f"{max(counts) - counts[-1]:,}",
                "left": f"{counts[-1]:,}",
            },
        )
        for hour, counts in by_hour.items()
        if max(counts) > counts[-1]
    ]
