"""The words by which mail programs, in the languages they speak, introduce quotes, forwards and signatures.

Only words: how they are used is in `attribution`, `separators` and `signature`. All in lower case.
"""

from __future__ import annotations

from enum import Enum, auto


class Label(Enum):
    """What a line such as `From: ...` inside a body says."""

    FROM = auto()
    SENT = auto()
    DATE = auto()
    TO = auto()
    CC = auto()
    SUBJECT = auto()
    OTHER = auto()


_LABELS = {
    Label.FROM: (
        "from|von|de|da|van|från|fra|lähettäjä|od|nadawca|от|від|от кого|от кого:|от:|kimden|"
        "gönderen|发件人|寄件者|寄件人|發件人|差出人|送信者|보낸 사람|보낸사람|발신|מאת|من|từ|"
        "người gửi|feladó|expeditor|expeditorul|από|de la|dari|pengirim|จาก|nuo|no|saatja|remitente|"
        "expéditeur|absender|mittente|afzender|remetente|odesílatel|odosielateľ|отправитель|від кого|"
        "подател|šalje|pošiljatelj|frá|message de|elküldő|fråga"
    ),
    Label.SENT: (
        "sent|gesendet|envoyé|envoyé le|enviado|enviado el|enviado em|enviada em|enviada|enviat|"
        "inviato|inviato il|data invio|verzonden|skickat|skickades|sendt|lähetetty|wysłano|wysłane|"
        "odesláno|odoslané|отправлено|дата отправки|надіслано|gönderildi|gönderme tarihi|"
        "gönderilme tarihi|发送时间|发送日期|傳送時間|寄件日期|寄件時間|送信日時|보낸 날짜|보낸 시간|"
        "보낸시간|보낸날짜|נשלח|تم الإرسال|مرسل|đã gửi|ngày gửi|elküldve|küldve|trimis|στάλθηκε|"
        "εστάλη|dikirim|ส่ง|ส่งเมื่อ|išsiųsta|nosūtīts|saadetud|изпратено|poslano|message du|sent at|"
        "sent on"
    ),
    Label.DATE: (
        "date|datum|fecha|data|dato|päiväys|päivämäärä|дата|tarih|日期|时间|時間|日時|날짜|תאריך|"
        "التاريخ|ngày|dátum|ημερομηνία|tanggal|วันที่|data:|когда|date et heure|dags|kuupäev|datums|"
        "päivä"
    ),
    Label.TO: (
        "to|an|à|a|para|aan|till|til|vastaanottaja|do|odbiorca|komu|кому|kime|alıcı|收件人|收件者|"
        "宛先|받는 사람|받는사람|수신|אל|إلى|đến|tới|người nhận|címzett|către|catre|la|προς|kepada|"
        "ถึง|kam|kellele|до|pre|za|prima|empfänger|destinataire|destinatario|destinatário|ontvanger|"
        "mottaker|modtager|mottagare|adresat|получатель|per|vers|pour"
    ),
    Label.CC: (
        "cc|kopie|copie|copie à|copia|kopia|kopi|kópia|копия|копія|bilgi|抄送|副本|参照|참조|עותק|"
        "نسخة|đồng gửi|másolat|másolatot kap|κοιν|κοιν.|cópia|bcc|cci|blindkopie|dw|do wiadomości|"
        "kopio|tembusan|สำเนา|c.c|dk"
    ),
    Label.SUBJECT: (
        "subject|betreff|objet|asunto|oggetto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|тема|"
        "konu|主题|主旨|標題|件名|제목|נושא|الموضوع|chủ đề|tiêu đề|tárgy|subiect|θέμα|assunto|"
        "perihal|subjek|เรื่อง|tema|efni|teema|относно|assumpte|sujet|naslov|zadeva"
    ),
    Label.OTHER: (
        "reply-to|importance|priority|attachments|wichtigkeit|priorität|anlagen|anhänge|importancia|"
        "datos adjuntos|importanza|bijlagen|urgentie|pièces jointes|organization|mailed-by|signed-by|"
        "antwort an|répondre à|responder a|rispondi a|antwoord aan|priorité|prioridad|priorità|"
        "bijlage|vedhæftede filer|bilagor|вложения|важность|załączniki|ważność|date d'envoi|heure|"
        "when|where|message-id|newsgroups|cc/bcc|via"
    ),
}
LABELS: dict[str, Label] = {}
for _label, _words in _LABELS.items():
    for _word in _words.split("|"):
        LABELS.setdefault(_word, _label)

# "wrote" as it stands in "On <date>, <name> wrote:"
WROTE = (
    "wrote|writes|schrieb|geschrieben|schreef|geschreven|skrev|skrifaði|"
    "a écrit|a écrit le|écrit|escribió|escribio|escribía|ha escrito|ha scritto|scritto|"
    "scrisse|escreveu|va escriure|escribiu|a scris|a ecrit|napisał|napisała|napisana przez|"
    "napisane przez|napisał(a)|pisze|napsal|napsala|napsal(a)|napísal|napísala|napísal(a)|"
    "написал|написала|написал(а)|пишет|писал|писала|пише|писав|написав|написав(ла)|написа|"
    "napisao|napisal|napisala|je napisao|je napisala|je napisao/la|napisao je|napisala je|"
    "je pisal|je pisala|rašė|rakstīja|kirjoitti|kirjutas|írta|ezt írta|yazdı|şunu yazdı|"
    "şunları yazdı|έγραψε|κατέγραψε|đã viết|viết|menulis|เขียน|เขียนว่า|写道|寫道|のメール|"
    "は書きました|が書きました|님이 작성|님이 씀|작성|씀|כתב|כתבה|כתב|كتب|كتبت|hau idatzi zuen|"
    "scriva|schrieb folgendes|het volgende geschreven|wrote the following"
)

# the first word of such a line
LEAD = (
    "on|at|am|um|le|el|il|em|no dia|op|den|på|dnia|w dniu|dne|dňa|vào|vào lúc|lúc|在|于|於|pe|"
    "în|în data de|la data de|στις|την|בתאריך|ב-|في|بتاريخ|yn|em data de|il giorno|el día|"
    "pada|pada tanggal|tgl|เมื่อ|dana|kl|kl.|ve dne|em qua|em ter|em seg|em qui|em sex|"
    "em sáb|em dom|ma|ti|ke|su|pir|d."
)

# what stands between dashes above an answered message
ORIGINAL = (
    "original message|original email|original e-mail|original mail|originalmail|reply message|"
    "ursprüngliche nachricht|originalnachricht|original-nachricht|ursprüngliche e-mail|"
    "antwort nachricht|message d'origine|message d’origine|message original|message initial|"
    "courriel original|e-mail d'origine|mensaje original|correo original|mensagem original|"
    "messaggio originale|messaggio originario|oorspronkelijk bericht|origineel bericht|"
    "oorspronkelijke bericht|ursprungligt meddelande|originalmeddelande|oprindelig meddelelse|"
    "oprindelig besked|original meddelelse|opprinnelig melding|original melding|"
    "alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna|pierwotna wiadomość|"
    "původní zpráva|originální zpráva|pôvodná správa|исходное сообщение|оригинальное сообщение|"
    "первоначальное сообщение|початкове повідомлення|оригінальне повідомлення|"
    "вихідне повідомлення|orijinal mesaj|özgün ileti|orjinal mesaj|özgün mesaj|原始邮件|原始郵件|"
    "原始消息|原邮件|邮件原件|回复的原邮件|回复的邮件|回复邮件|元のメッセージ|"
    "オリジナルメッセージ|原文|원본 메시지|원본 이메일|원본 메일|원래 메시지|הודעה מקורית|"
    "ההודעה המקורית|הודעה המקורית|الرسالة الأصلية|رسالة أصلية|tin nhắn gốc|thư gốc|thông báo gốc|"
    "eredeti üzenet|mesaj original|mesajul original|αρχικό μήνυμα|pesan asli|ข้อความต้นฉบับ|"
    "originali žinutė|algne kiri|оригинално съобщение|izvorna poruka|originalna poruka|"
    "izvirno sporočilo|missatge original|reply above|antwort|in reply to|previous message|"
    "previous replies|previous messages|réponse|vorherige nachrichten|mensajes anteriores|"
    "messages précédents"
)

# what stands between dashes, or before a colon, above a forwarded message
FORWARD = (
    "forwarded message|forwarded by|forwarded mail|forwarded email|begin forwarded message|"
    "start of forwarded message|forward message|forwarded from|weitergeleitete nachricht|"
    "weitergeleitete mail|anfang der weitergeleiteten|weitergeleitet von|message transféré|"
    "message transmis|début du message réexpédié|début du message transféré|message réexpédié|"
    "transféré par|mensaje reenviado|inicio del mensaje reenviado|comienzo del mensaje reenviado|"
    "mensaje transmitido|reenviado por|messaggio inoltrato|inizio messaggio inoltrato|"
    "inoltrato da|doorgestuurd bericht|begin doorgestuurd bericht|mensagem encaminhada|"
    "mensagem reencaminhada|início da mensagem|início de mensagem|encaminhado por|"
    "vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat mail|videresendt meddelelse|"
    "videresendt besked|start på videresendt|videresendt melding|videresendt e-post|"
    "välitetty viesti|edelleenlähetetty viesti|välitetyn viestin alku|wiadomość przekazana dalej|"
    "przekazana wiadomość|przekazywana wiadomość|początek przekazywanej wiadomości|"
    "treść przekazanej wiadomości|přeposlaná zpráva|přeposlaný e-mail|preposlaná správa|"
    "пересылаемое сообщение|пересланное сообщение|перенаправленное сообщение|"
    "начало переадресованного|начало переслаемого сообщения|переслано|переслане повідомлення|"
    "перенаправлене повідомлення|пересилається|iletilen mesaj|yönlendirilen mesaj|"
    "iletilmiş ileti|iletilen ileti|转发邮件|转发的邮件|转发的消息|以下是转发的邮件|轉寄郵件|"
    "轉寄的郵件|轉寄訊息|已轉寄郵件|転送メッセージ|転送されたメッセージ|以下は転送|전달된 메시지|"
    "전달된 메일|전달된 이메일|הודעה שהועברה|הודעה מועברת|الرسالة المعاد توجيهها|"
    "رسالة معاد توجيهها|رسالة مُعاد توجيهها|forwarded conversation|thư đã chuyển tiếp|"
    "tin nhắn được chuyển tiếp|továbbított üzenet|továbbított levél|mesaj redirecționat|"
    "mesaj redirectionat|mesajul redirecționat|προωθημένο μήνυμα|προώθηση μηνύματος|"
    "pesan terusan|pesan yang diteruskan|ข้อความที่ส่งต่อ|препратено съобщение|"
    "proslijeđena poruka|posredovano sporočilo|missatge reenviat|persiųsta žinutė|edastatud kiri"
)

# what a subject of a forwarded message begins with
FORWARD_SUBJECT = (
    "fwd|fw|wg|tr|rv|i|enc|doorst|vs|vb|vl|videresendt|välj|pd|пересл|пересылка|fs|yml|ilt|转发|"
    "轉寄|转寄|転送|전달|הועבר|إعادة توجيه|továbbítás|redirecționare|πρθ|trs|res enc|fwd.|"
    "weiterleitung|転|ff"
)

# how a line that names the device or program begins
SENT_FROM_START = (
    "virus-free|virenfrei|garanti sans virus|sans virus|libre de virus|privo di virus|virusvrij|"
    "livre de vírus|wolne od wirusów|без вирусов|outlook pour|outlook for|outlook per|outlook para|"
    "provenance : courrier|provenance : mail|verzonden vanuit|envoyé via|sendt min|enviado mediante|"
    "sent from|sent via|sent with|sent using|sent by|sent on my|get outlook|envoyé de|"
    "envoyé depuis|envoyé à partir de|envoyé avec|envoyé par|obtenez outlook|télécharger outlook|"
    "gesendet von|gesendet mit|von meinem|von unterwegs gesendet|"
    "diese nachricht wurde von meinem|holen sie sich outlook|outlook für|enviado desde|"
    "enviado de|enviado do|enviado dende|enviado con|enviado via|enviado através|enviado pelo|"
    "obtener outlook|obter o outlook|inviato da|inviato dal|inviato con|ottieni outlook|"
    "scarica outlook|verzonden vanaf|verstuurd vanaf|verzonden met|verzonden via|outlook voor|"
    "download outlook|skickat från|skickades från|hämta outlook|sendt fra|sendt via|hent outlook|"
    "få outlook|lähetetty|hanki outlook|wysłane z|wysłano z|pobierz outlook|odesláno z|"
    "odoslané z|poslané z|získat outlook|отправлено с|отправлено из|отправлено через|надіслано з|"
    "відправлено з|gönderildi:|发自|發自|從我的|来自我的|我的 iphone|iphoneから送信|"
    "나의 iphone에서|내 iphone에서|נשלח מ|تم الإرسال من|أُرسلت من|được gửi từ|đã gửi từ|gửi từ|"
    "elküldve|küldve|trimis de|trimis din|στάλθηκε από|εστάλη από|dikirim dari|ส่งจาก|poslano z|"
    "изпратено от|enviat des|saadetud minu|išsiųsta iš|nosūtīts no|sent out from"
)

# how such a line ends, where the verb comes last
SENT_FROM_END = (
    "gesendet|gönderildi|から送信|から送信されました|에서 보냄|에서 전송|传送|傳送|寄出|küldve|발송"
)

# the line above which help desks ask to write
REPLY_ABOVE = (
    "reply above this line|type your reply above|reply above the line|write above this line|"
    "respond above this line|enter your reply above|oberhalb dieser zeile|über dieser zeile|"
    "au-dessus de cette ligne|encima de esta línea|por encima de esta línea|arriba de esta línea|"
    "acima desta linha|sopra questa riga|boven deze regel|ovanför denna rad|"
    "ovanför den här raden|over denne linje|over denne linjen|tämän rivin yläpuolelle|"
    "nad tą linią|powyżej tej linii|nad tento řádek|выше этой линии|выше этой строки|"
    "bu satırın üstüne|この行より上に|在此行上方|請在這行上方|이 줄 위에"
)
