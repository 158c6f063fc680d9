"""Every sentence that the reception application says, in the language of the page that carries it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from django.utils.translation import gettext_lazy as lazy

from sonae.web.reception.recording import NEEDS

_GUESTS: Final = Path(__file__).parent / "guests.toml"
_MORE_NEEDS: Final = {"allergy": lazy("食物アレルギー"), "language": lazy("日本語が難しい")}
_WORDS: Final[Mapping[str, object]] = {
    # the state of the device
    "online": lazy("サーバーにつながっています"),
    "away": lazy("サーバーにつながりません。受付は続けられます"),
    "stopped": lazy("この端末は止められています。災害対策本部に連絡してください"),
    "edge": lazy("中継機につながっています。市にはまだ届いていません"),
    "unsent": lazy("未送信 {n}件"),
    "unsent_held": lazy("未送信 {n}件（うち{held}件は中継機が預かり）"),
    "refused": lazy("受理されなかった記録 {n}件"),
    "list_until": lazy("名簿 {people}人　{time}まで"),
    "list_none": lazy("名簿がありません"),
    "list_ended": lazy(
        "名簿の期限が切れたので、この端末から消しました。"
        "つながると新しい名簿を受け取ります。名簿がなくても受付はできます。"
    ),
    "list_signature": lazy("受け取った名簿は、市の署名が確かめられないため使いません。災害対策本部に連絡してください。"),
    "clock_ahead": lazy("この端末の時計が{minutes}分進んでいます。記録は受け付けますが、端末の日時を合わせてください。"),
    "clock_behind": lazy("この端末の時計が{minutes}分遅れています。記録は受け付けますが、端末の日時を合わせてください。"),
    "not_promised": lazy(
        "このブラウザーは、記録を消さないと約束していません。"
        "画面の「インストール」かホーム画面への追加をしてください。"
    ),
    "not_secure": lazy("この画面は https で開いてください。端末に安全に記録できません。"),
    # the edge node
    "edge_joining": lazy("中継機を確かめています…"),
    "edge_joined": lazy("中継機 {code}（{address}）"),
    "edge_seen": lazy("{time}に話しました"),
    "edge_city": lazy("中継機は市につながっています。"),
    "edge_list": lazy("中継機は市につながっています。地区の名簿だけが、まだ新しくなっていません。"),
    "edge_alone": lazy("中継機は市につながっていません（最後は{time}）。記録は中継機が預かります。"),
    "edge_away": lazy(
        "中継機から返事がありません。記録はこの端末にあります。"
        "中継機の電源と、同じ Wi-Fi につないでいるかを確かめてください。"
    ),
    "edge_blocked": lazy(
        "中継機から返事がありません。同じ Wi-Fi につないでいるかを確かめてください。"
        "「ローカル ネットワーク上のデバイス」への接続をたずねられたら、許可してください。"
    ),
    "edge_unknown": lazy(
        "この中継機は、この端末を知りません。同じ避難所の端末かを確かめてください。"
        "中継機が市と話したあとに登録した端末は、中継機が次に市とつながるまで使えません。"
    ),
    "edge_false": lazy(
        "市が登録した中継機だと確かめられないので、使いません。"
        "記録はこの端末にあり、読まれていません。災害対策本部に連絡してください。"
    ),
    "edge_code": lazy("中継機のQRコードではありません。中継機の画面に出ているものを読んでください。"),
    # enrolling
    "enrolling": lazy("登録しています…"),
    "enrol_token": lazy("この登録コードは使えません。災害対策本部で新しい登録コードをもらってください。"),
    "enrol_away": lazy("サーバーにつながりません。登録のときだけ通信が必要です。"),
    "enrol_pin": lazy("PINは6文字以上にしてください。同じ文字の繰り返しと、123456のような並びは使えません。"),
    "wiped": lazy("災害対策本部の指示で、この端末の名簿と記録をすべて消しました。記録は消す前に送り終わっています。"),
    "wiped_left": lazy(
        "災害対策本部の指示で、この端末の名簿と鍵を消しました。"
        "市が読み取れなかった記録{n}件は、封をしたまま残しています。"
        "「通信が戻らないとき」から書き出して、災害対策本部に届けてください。"
    ),
    # another page of this device
    "another": lazy(
        "この端末は、別の画面で登録し直されました。新しいPINで開くと、この画面でも受付を続けられます。"
    ),
    "another_lost": lazy(
        "記録できませんでした。この端末は、別の画面で登録し直されています。"
        "新しいPINで開いて、もう一度受け付けてください。"
    ),
    "another_gone": lazy(
        "この端末の登録は、別の画面で消されました。いま受け付けた人がいれば、記録されていません。"
        "紙の受付票に書いてください。"
    ),
    # the lock
    "shut": lazy("ロック中"),
    "pin_differs": lazy("2つのPINが違います。もう一度入れてください。"),
    "pin_trying": lazy("確かめています…"),
    "pin_wrong": lazy("PINが違います。"),
    "pin_wait": lazy("続けて違ったので、{seconds}秒待ってからもう一度入れてください。"),
    # finding
    "nobody": lazy(
        "名簿に見つかりません。字を変える、フリガナや生年月日でさがすと見つかることがあります。"
        "市外の人や急ぐときは「名簿にない人」で受け付けられます。"
    ),
    "qr_invalid": lazy("市が発行したQRコードではありません。氏名で受け付けてください。"),
    "qr_old": lazy("古い版のQRコードです。氏名で受け付けてください。"),
    "qr_elsewhere": lazy("ほかの市町村のQRコードです。「名簿にない人」で受け付けてください。"),
    "qr_expired": lazy("期限が切れたQRコードです。氏名で受け付けてください。"),
    "qr_lost": lazy("紛失の届けがあるQRコードです。本人に確かめ、氏名で受け付けてください。"),
    "qr_unlisted": lazy("市が発行した本物のQRコードです。この端末の名簿にない人なので、氏名は出ません。"),
    "qr_unlisted_home": lazy(
        "市が発行した世帯のQRコードですが、この端末の名簿にない世帯です。"
        "来ている人を「名簿にない人」で受け付けてください。"
    ),
    "unlisted_person": lazy("QRコードの人"),
    "take_unlisted": lazy("この人を受付する"),
    "camera_denied": lazy("カメラを使えません。氏名かカード番号で受け付けてください。"),
    "camera_stop": lazy("カメラを止める"),
    "camera_start": lazy("カメラでQR"),
    # the household
    "who": lazy("来ているのはだれですか"),
    "here": lazy("受付済み"),
    "check_in": lazy("印の人を受付する"),
    "everyone": lazy("全員（{n}人）を受付する"),
    "leave": lazy("退所"),
    "leave_awhile": lazy("一時外出"),
    "move": lazy("ほかの避難所から移ってきた"),
    "at_home": lazy("在宅避難"),
    "in_car": lazy("車中泊"),
    "more": lazy("部屋・必要な支援・ペット・体温・備考"),
    "room": lazy("部屋・区画"),
    "room_as_of": lazy("部屋・区画（空きは{time}のもの）"),
    "room_later": lazy("あとで決める"),
    "free": lazy("空き{n}人"),
    "free_unknown": lazy("空きは不明"),
    "full": lazy("満員"),
    "onward": lazy("ほかの避難所へ移る"),
    "onward_where": lazy("行き先（開いている避難所、近い順。{time}の情報）"),
    "onward_go": lazy("印の人がこの避難所へ向かう"),
    "onward_hint": lazy(
        "ここの人数から外れ、行き先の受付に「向かっている人」と出ます。"
        "着いたかどうかは、行き先で受付するまで分かりません。"
    ),
    "onward_none": lazy("開設中と報告された避難所が、ほかにありません。行き先が分かっていれば、退所の備考に書いてください。"),
    "onward_nowhere": lazy("行き先の避難所を選んでください。"),
    "metres": lazy("直線{n}m"),
    "choose": lazy("選んでください"),
    "coming": lazy("こちらへ向かっている人 {n}人（{time}）"),
    "needs": lazy("必要な支援"),
    "injured": lazy("けがをしている"),
    "pets": lazy("ペット（種類と数）"),
    "temperature": lazy("体温 ℃（参考値）"),
    "temperature_hint": lazy("診断ではありません。寒い所や走ったあとは正しく測れません。"),
    "thermometer": lazy("測った機器"),
    "ambient": lazy("まわりの気温 ℃"),
    "note": lazy("備考"),
    "nobody_ticked": lazy("だれも選ばれていません。来ている人に印をつけてください。"),
    "close": lazy("閉じる"),
    "same_again": lazy("同じ氏名の人を{time}に受け付けています。別の人なら、もう一度「受付する」を押してください。"),
    "same_there": lazy(
        "同じ氏名の人を{time}に「{by}」で受け付けています。別の人なら、もう一度「受付する」を押してください。"
    ),
    "no_name": lazy("氏名が空です。フリガナだけでも、呼び名だけでも受け付けられます。"),
    # what goes into the city's record stays Japanese on every screen
    "pet_note": "ペット：{pets}",
    "temperature_note": "体温{degrees}℃（参考値　機器：{device}　気温：{ambient}）",
    "unknown": "不明",
    "awhile_note": "一時外出",
    # the result
    "in": lazy("受付しました"),
    "out": lazy("退所を記録しました"),
    "onward_done": lazy("ほかの避難所へ向かったことを記録しました"),
    "report": lazy("一時外出を記録しました"),
    "moved": lazy("ほかの避難所からの移動を記録しました"),
    "shelter_at_home": lazy("在宅避難を記録しました"),
    "car": lazy("車中泊を記録しました"),
    "void": lazy("取り消しました"),
    "people": lazy("{n}人"),
    "kept_here": lazy("この端末に記録しました。つながったときに送ります。"),
    "storage_full": lazy(
        "記録できませんでした。この端末の保存場所がいっぱいです。"
        "紙の受付票に書いてください。いらない写真やアプリを消すと、また使えます。"
    ),
    "not_recorded": lazy("記録できませんでした。もう一度押してください。続くときは紙の受付票に書いてください。"),
    # the newest events
    "undo": lazy("取り消す"),
    "undo_of": lazy("{name}の「{word}」を取り消す"),
    "waiting": lazy("未送信"),
    "word_in": lazy("受付"),
    "word_out": lazy("退所"),
    "word_onward": lazy("{name}へ"),
    "word_move": lazy("移ってきた"),
    "word_shelter_at_home": lazy("在宅避難"),
    "word_in_car": lazy("車中泊"),
    "word_report": lazy("一時外出"),
    "word_void": lazy("取消"),
    "no_events": lazy("まだ記録がありません。"),
    "offline_mark": lazy("通信なしで記録"),
    "because": lazy("理由：{why}"),
    "read": lazy("確かめた"),
    # carrying
    "exported": lazy(
        "未送信の{n}件を書き出しました。USBメモリーなどで災害対策本部に届けてください。"
        "届いて取り込まれるまで、未送信のままにします。"
    ),
    "nothing_to_export": lazy("未送信の記録はありません。"),
    "qr_page": lazy("{at}／{of}"),
}  # fmt: skip


def words() -> dict[str, str]:
    """Return every sentence by its name; ``{…}`` is filled in by the device."""
    return {name: str(text) for name, text in _WORDS.items()}


def needs() -> list[list[str]]:
    """Return (code, name) of what somebody may need."""
    return [[code, str(name)] for code, name in (NEEDS | _MORE_NEEDS).items()]


@cache
def guests() -> dict[str, dict[str, str]]:
    """Return language → what whoever is received reads (`guests.toml`): the same keys in each."""
    return tomllib.loads(_GUESTS.read_text("utf-8"))
