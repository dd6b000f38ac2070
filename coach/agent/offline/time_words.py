"""How people name amounts of time, days and dates in English, Spanish, German, French, Portuguese, Japanese and Chinese.

Everything matches text as `phrases.plain` leaves it: lower case, without accents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WORDS: Mapping[str, float] = {
    word: value
    for value, group in {
        0.5: "half halbe halben demi demie media meia 半",
        1: "a an once one un una uno une ein eine einen einer einem um uma 一",
        2: "two twice dos zwei deux dois duas couple 二 两 兩",
        3: "three tres drei trois tres few 三",
        4: "four cuatro vier quatre quatro 四",
        5: "five cinco funf fuenf cinq cinco 五",
        6: "six seis sechs six 六",
        7: "seven siete sieben sept sete 七",
        8: "eight ocho acht huit oito 八",
        9: "nine nueve neun neuf nove 九",
        10: "ten diez zehn dix dez 十",
        11: "eleven once elf onze",
        12: "twelve doce zwolf zwoelf douze doze 十二",
        15: "fifteen quince funfzehn quinze",
        18: "eighteen dieciocho achtzehn dix-huit dezoito",
        20: "twenty veinte zwanzig vingt vinte 二十",
        30: "thirty treinta dreissig trente trinta 三十",
        45: "forty-five cuarenta y cinco",
    }.items()
    for word in group.split()
}

UNSPACED_NUMBER = "[一二两兩三四五六七八九十半]+"

NUMBER = rf"(?:\d+(?:[.,]\d+)?|{'|'.join(sorted((w for w in WORDS if w.isascii()), key=len, reverse=True))}|{UNSPACED_NUMBER})"

HOUR = r"(?:hours?|hrs?|h|horas?|stunden?|std|heures?|時間|个?小时|個?小時)"

MINUTE = r"(?:minutes?|mins?|minutos?|minuten?|分鐘|分钟|分)"

AMOUNT = re.compile(
    rf"(?<![\w.,])(?:about |around |etwa |ca\.? |environ |unas? )?(?P<number>{NUMBER})"
    rf"(?: ?(?:-|–|to|bis|a|ou|o|or) ?{NUMBER})?(?P<half> and a half| y media| et demie| e meia|einhalb)?"
    rf" ?-?(?:an |a |of an |de |d')?(?:(?P<hours>{HOUR}) ?(?P<rest>\d\d\b)?|(?P<minutes>{MINUTE}))"
    rf"(?P<after> and a half| y media| et demie| e meia|半)?(?![a-z])"
)

# The same for scripts without spaces, where no word ends.
BEFORE_UNSPACED = re.compile(
    rf"(?P<number>\d+(?:\.\d+)?|{UNSPACED_NUMBER}) ?(?:(?P<hours>時間|个?小时|個?小時)|(?P<minutes>分鐘|分钟|分))(?P<after>半)?"
)

A = r"(?:an?|per|each|every|/|in the|por|a la|al|cada|pro|die|in der|jede|par|chaque|na|ao|toda)"

PER_WEEK = re.compile(
    rf"^[\s,]*(?:{A}\s?(?:week|wk|semana|woche|semaine)\b|weekly|wochentlich|semanales|semanais|hebdo\w*|of study a week"
    rf"|(?:of \w+ |to \w+ |free |available )?(?:{A}) ?(?:week|semana|woche|semaine)\b|の?週|/ ?週)"
)

PER_DAY = re.compile(
    rf"^[\s,]*(?:{A}\s?(?:day|evening|night|morning|dia|tag|abend|morgen|jour|soir|matin|manha|noite|tarde)\b"
    r"|daily|taglich|am tag|diarios?|diarias?|quotidien\w*|todos los dias|tous les (?:jours|soirs)|todos os dias)"
)

PER_WORKDAY = re.compile(
    r"^[\s,]*(?:on |an |en )?(?:every |each |per |a )?(?:weekdays?|work(?:ing)? ?days?|werktags|school days?)\b"
)

WEEK_BEFORE = re.compile(
    r"(?:每周|每週|每星期|一周|週に?|毎週|weekly:? |pro woche |por semana |par semaine |per week )\s?$"
)

DAY_BEFORE = re.compile(
    r"(?:每天|毎日|1日|一日|一天|日に|daily |jeden tag |cada dia |chaque jour |every (?:day|evening|night) )\s?$"
)

TIMES_A_WEEK = re.compile(
    rf"\b(?P<number>{NUMBER})[ -](?:(?:times|days?|evenings?|nights?|mornings?|afternoons?|sessions?|veces|dias|tardes"
    rf"|noches|mal|tage|abende?|fois|jours|soirs|soirees|vezes|noites) ?)?{A} ?(?:week|semana|woche|semaine)"
    rf"|(?:週に?|每周|毎週)(?P<unspaced>{NUMBER})[日回次天]"
)

WEEKEND = re.compile(
    r"\b(?:weekends?|fin(?:es)? de semana|wochenenden?|week-?ends?|fi[mn]s? de semana)\b|週末|周末"
)

DAY_NAMES: tuple[str, ...] = (
    r"mondays?|lunes|montags?|lundis?|segundas?-feiras?|月曜|(?:周|星期|礼拜|禮拜)一(?!个?小时|個?小時)",
    r"tuesdays?|martes|dienstags?|mardis?|tercas?-feiras?|tercas|火曜|(?:周|星期|礼拜|禮拜)二(?!个?小时|個?小時)",
    r"wednesdays?|miercoles|mittwochs?|mercredis?|quartas?-feiras?|水曜|(?:周|星期|礼拜|禮拜)三(?!个?小时|個?小時)",
    r"thursdays?|jueves|donnerstags?|jeudis?|quintas?-feiras?|木曜|(?:周|星期|礼拜|禮拜)四(?!个?小时|個?小時)",
    r"fridays?|viernes|freitags?|vendredis?|sextas?-feiras?|金曜|(?:周|星期|礼拜|禮拜)五(?!个?小时|個?小時)",
    r"saturdays?|sabados?|samstags?|sonnabends?|samedis?|土曜|(?:周|星期|礼拜|禮拜)六(?!个?小时|個?小時)",
    r"sundays?|domingos?|sonntags?|dimanches?|日曜|(?:周|星期|礼拜|禮拜)(?:日|天)",
)

NOT_HABITUAL = r"(?<!by )(?<!before )(?<!until )(?<!next )(?<!this )(?<!last )(?<!bis )(?<!antes del )"

EVENING = re.compile(
    r"\b(?:evenings?|after work|at night|mornings?|por las? (?:tardes?|noches?|mananas?)|abends|feierabend|morgens"
    r"|le soir|les soirs|le matin|a noite|de manha|a tarde)\b|晚上|夜"
)

LUNCH = re.compile(
    r"\b(?:lunch ?(?:breaks?|hours?|times?)|mittagspausen?|pause dejeuner|hora del almuerzo|almoco)\b|昼休み|午休"
)

UNITS = (
    ("days", r"days?|dias?|tagen?|jours?|日間?|天"),
    ("weeks", r"weeks?|wks?|semanas?|wochen?|semaines?|週間?|周|个?星期|個?星期|週"),
    ("months", r"months?|mos?|meses|mes|monaten?|mois|か月|ヶ月|カ月|ケ月|个?月|個?月"),
    ("years", r"years?|yrs?|anos?|jahren?|ans?|annees?|年"),
)

UNIT = "|".join(f"(?P<{name}>{words})" for name, words in UNITS)

IN = (
    r"in (?:about |under |less than |the next )?|within (?:the next )?|inside |over the (?:next |coming )?|for the next "
    r"|i have (?:about |only )?|we have |i've got |dentro de |en (?:menos de |unos )?|tengo |em (?:menos de )?|tenho "
    r"|daqui a |innerhalb von |innerhalb |binnen |ich habe |d'ici |dans |j'ai |avec "
)

DURATION = re.compile(
    rf"(?<![\w])(?:{IN})(?:a |the )?(?P<number>{NUMBER}|next)[ -]?(?:{UNIT})(?![a-z])(?! (?:of|de|experience|per|a week))"
)

UNSPACED_DURATION = re.compile(
    rf"(?P<number>\d+|{UNSPACED_NUMBER}) ?(?:{UNIT})(?:間|间)?(?:以?内|之内|後に|で|後|后)"
    r"|(?P<halfyear>半年)(?:以?内|之内|で|後|后)?"
)

FROM_NOW = re.compile(rf"(?<!\w)(?P<number>{NUMBER})[ -](?:{UNIT}) (?:from now|from today|left|to go|time)\b")

MONTHS: tuple[str, ...] = (
    r"january|jan|enero|januar|janner|janvier|janeiro",
    r"february|feb|febrero|februar|fevrier|fevereiro",
    r"march|mar|marzo|marz|maerz|mars|marco",
    r"april|apr|abril|avril",
    r"may|mayo|mai|maio",
    r"june|jun|junio|juni|juin|junho",
    r"july|jul|julio|juli|juillet|julho",
    r"august|aug|agosto|aout",
    r"september|sept|sep|septiembre|setiembre|septembre|setembro",
    r"october|oct|octubre|oktober|okt|octobre|outubro",
    r"november|nov|noviembre|novembre|novembro",
    r"december|dec|diciembre|dezember|dez|decembre|dezembro",
)

MONTH = "|".join(MONTHS)

BY = (
    r"by|before|until|till|no later than|due(?: on| in)?|on|in|for|this|next|antes de(?:l)?|para(?: el)?|hasta|en|bis(?: zum)?"
    r"|vor(?: dem)?|im|am|d'ici(?: a| le| fin)?|avant(?: le| fin)?|pour(?: le)?|ate|antes de|em"
)

BY_MONTH = re.compile(
    rf"(?<!\w)(?P<by>{BY}) (?:the )?"
    r"(?P<part>(?:end of|late|ende|finales de|fin|fim de|final de|mid|mid-|middle of|mitte) ?|the )?"
    rf"(?P<day>\d{{1,2}})?(?:st|nd|rd|th|\.|er)?(?: of| de)? ?(?P<month>{MONTH})\b\.?"
    rf"(?: (?P<after>\d{{1,2}})(?!\d)(?:st|nd|rd|th)?)?(?:,? ?(?:de |del )?(?P<year>20\d\d))?"
)

UNSPACED_MONTH = re.compile(
    r"(?:(?P<year>20\d\d)年)?(?P<month>\d{1,2}|十[一二]?|[一二三四五六七八九])月(?:(?P<day>\d{1,2})[日号])?(?P<part>末|底)?(?:まで|までに|之前|以前|前|の試験)"
)

ISO = re.compile(r"(?<!\d)(20\d\d)-(\d{1,2})-(\d{1,2})(?!\d)")

NUMERIC = re.compile(r"(?<!\d)(\d{1,2})([./])(\d{1,2})\2(20\d\d)(?!\d)")

END_OF_YEAR = re.compile(
    r"(?:end of (?:the|this) year|year[’' -]?s? ?end|fin(?:al(?:es)?)? de ano|ende des jahres|jahresende"
    r"|fin de l'annee|fim do ano"
    r"|by christmas|before christmas|by new year|年末|年内|年底)"
)

BY_YEAR = re.compile(
    r"\b(?:by|before|until|bis|antes de|avant|ate)(?P<end> the end of| ende| el fin de| fin)? (20\d\d)\b"
)

END_OF_MONTH = re.compile(
    r"end of (?:the|this) month|fin de mes|ende des monats|fin du mois|fim do mes|月末|月底"
)

UNREADABLE = re.compile(
    r"\b(?:by|before|until|in time for|bis|antes del?|avant|ate o) (?:the |next |this |el |l'|den |zum |o )?"
    r"(?:summer|spring|autumn|fall|winter|easter|holidays|school|semester|term|exams?|verano|primavera|otono|invierno"
    r"|sommer|fruhling|herbst|ferien|ete|printemps|automne|rentree|verao|outono)\b"
)
