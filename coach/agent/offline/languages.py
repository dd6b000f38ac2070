"""The few sentences that the coach has in other languages than English, and which language a text is in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from coach.agent.offline import phrases
from coach.agent.offline.tracks import Language

ENGLISH_ONLY: Mapping[Language, str] = {
    "es": "Por ahora solo puedo responder y enseñar en inglés.",
    "de": "Ich kann vorerst nur auf Englisch antworten und unterrichten.",
    "fr": "Pour le moment, je ne peux répondre et enseigner qu'en anglais.",
    "pt": "Por enquanto, só posso responder e ensinar em inglês.",
    "ja": "今のところ、英語でしかお答え・ご案内できません。",
    "zh": "目前我只能用英语回答和授课。",
}

_COMMON: Mapping[Language, frozenset[str]] = {
    "en": frozenset(
        "the a an i my to is and of for with how what want learn you in on it me am have next".split()
    ),
    "es": frozenset(
        "el la los las un una yo mi quiero que y de para con como aprender por en me es no tengo".split()
    ),
    "de": frozenset(
        "der die das ein eine ich mein meine mochte will und zu fur mit wie lernen in nicht ist was".split()
    ),
    "fr": frozenset(
        "le la les un une je mon ma veux et de pour avec comment apprendre en ne pas est des du que".split()
    ),
    "pt": frozenset(
        "o a os as um uma eu meu minha quero e de para com como aprender em nao tenho que por".split()
    ),
}


def of_text(text: str) -> Language:
    """The language of a text; English where nothing speaks for another one."""
    if re.search(r"[\u3040-\u30ff]", text):
        return "ja"
    if re.search(r"[\u4e00-\u9fff]", text):
        return "zh"
    words = phrases.words(text)
    votes = {language: sum(word in common for word in words) for language, common in _COMMON.items()}
    best = max(votes, key=lambda language: votes[language])
    return best if votes[best] > votes["en"] else "en"


# --- when somebody is in danger ---------------------------------------------------------------------

_IN_DANGER = (
    *(
        "kill myself",
        "killing myself",
        "end my life",
        "take my own life",
        "suicide",
        "suicidal",
        "want to die",
    ),
    *(
        "wanna die",
        "wish i was dead",
        "wish i were dead",
        "hurt myself",
        "hurting myself",
        "harm myself",
        "self harm",
    ),
    *(
        "cut myself",
        "cutting myself",
        "don't want to live",
        "do not want to live",
        "better off dead",
        "no reason to live",
    ),
    *(
        "suicidarme",
        "suicidio",
        "matarme",
        "quitarme la vida",
        "quiero morir",
        "quiero morirme",
        "no quiero vivir",
    ),
    *("hacerme daño", "umbringen", "selbstmord", "suizid", "sterben will", "will sterben", "mir etwas antun"),
    *("nicht mehr leben", "me suicider", "me tuer", "veux mourir", "plus envie de vivre", "me faire du mal"),
    *("me matar", "suicídio", "quero morrer", "tirar minha vida", "não quero viver", "me machucar"),
    *("死にたい", "自殺", "消えたい", "自傷", "自杀", "想死", "不想活", "自残"),
)
_HELP: Mapping[Language, str] = {
    "en": (
        "I am sorry that you are going through this. I am only a program, and you deserve a person who listens. "
        "If you may be in danger now, call your local emergency number (112 in Europe, 911 in the United States and "
        "Canada, 999 in the United Kingdom). You can call or text 988 in the United States and Canada, or call the "
        "Samaritans on 116 123 in the United Kingdom and Ireland; findahelpline.com lists lines in other countries. "
        "Please tell somebody near you how you feel. Your plan can wait."
    ),
    "es": (
        "Siento mucho que estés pasando por esto. Soy solo un programa, y mereces que te escuche una persona. Si puedes "
        "estar en peligro ahora, llama a emergencias (112 en España, 911 en gran parte de América). En España puedes "
        "llamar al 024, en Estados Unidos al 988 (pulsa 2 para español); findahelpline.com reúne líneas de otros "
        "países. Cuéntale a alguien cercano cómo te sientes. Tu plan puede esperar."
    ),
    "de": (
        "Es tut mir leid, dass es dir so geht. Ich bin nur ein Programm, und du verdienst einen Menschen, der zuhört. "
        "Wenn du jetzt in Gefahr bist, ruf den Notruf 112 an. Die Telefonseelsorge erreichst du in Deutschland unter "
        "0800 111 0 111, in Österreich unter 142, Die Dargebotene Hand in der Schweiz unter 143. "
        "Bitte sag jemandem in deiner Nähe, wie es dir geht. Dein Plan kann warten."
    ),
    "fr": (
        "Je suis désolé que vous traversiez cela. Je ne suis qu'un programme, et vous méritez qu'une personne vous "
        "écoute. Si vous êtes en danger maintenant, appelez le 112 (ou le 15 en France). En France, le 3114 répond jour "
        "et nuit, gratuitement ; au Canada, le 988 ; findahelpline.com indique des lignes dans d'autres pays. Parlez-en "
        "à quelqu'un près de vous. Votre plan peut attendre."
    ),
    "pt": (
        "Sinto muito que você esteja passando por isso. Sou só um programa, e você merece que uma pessoa o escute. Se "
        "estiver em perigo agora, ligue para a emergência (192 no Brasil, 112 em Portugal). No Brasil, o CVV atende "
        "pelo 188; findahelpline.com reúne linhas de outros países. Conte a alguém próximo como se sente. "
        "Seu plano pode esperar."
    ),
    "ja": (
        "とてもつらい状況なのですね。私はただのプログラムです。どうか、話を聴いてくれる人に頼ってください。"
        "今すぐ危険があるときは119または110に電話してください。日本では「よりそいホットライン」0120-279-338に相談でき、"
        "他の国の窓口はfindahelpline.comにあります。身近な人にも気持ちを伝えてください。学習は後でかまいません。"
    ),
    "zh": (
        "很难过你正经历这些。我只是一个程序，你值得有人倾听。如果你现在有危险，请拨打当地急救电话（中国大陆120或110）。"
        "中国大陆可拨打心理援助热线12356，台湾可拨打1925；其他国家的热线见findahelpline.com。"
        "请把你的感受告诉身边的人。学习计划可以等。"
    ),
}


def help_for(text: str) -> str | None:
    """Where a text speaks of self-harm: whom to turn to, in its language; else None."""
    return _HELP[of_text(text)] if phrases.holds(text, *_IN_DANGER) else None
