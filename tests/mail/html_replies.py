"""HTML bodies as mail programs write them: (program, markup). The reply is always REPLY; what is quoted says QUOTED.

All written for these tests after the programs' habits.
"""

from __future__ import annotations

HEADER = (
    "<b>From:</b> Jane Roe &lt;jane@example.com&gt;<br><b>Sent:</b> Tuesday, March 5, 2024 9:41 AM<br>"
    "<b>To:</b> Team<br><b>Subject:</b> Question"
)
ATTRIBUTION = 'On Tue, Mar 5, 2024 at 9:41 AM Jane Roe &lt;<a href="mailto:jane@example.com">jane@example.com</a>&gt; wrote:'

HTML_REPLIES = {
    "Gmail": f'<div dir="ltr">REPLY</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{ATTRIBUTION}<br></div>'
    '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">QUOTED</blockquote></div>',
    "Gmail 2024": '<div dir="ltr">REPLY</div><br><div class="gmail_quote gmail_quote_container">'
    f'<div dir="ltr" class="gmail_attr">{ATTRIBUTION}<br></div><blockquote class="gmail_quote">QUOTED</blockquote></div>',
    "Gmail, old": f'REPLY<br><br><div class="gmail_quote">{ATTRIBUTION}<br>QUOTED</div>',
    "Gmail, Hebrew": '<div dir="rtl">REPLY</div><div class="gmail_quote"><div class="gmail_attr">בתאריך יום ג׳ מאת Jane:</div>'
    '<blockquote class="gmail_quote">QUOTED</blockquote></div>',
    "Outlook desktop": "<div class=WordSection1><p class=MsoNormal>REPLY<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>"
    f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class=MsoNormal>{HEADER}<o:p></o:p></p></div>'
    "<p class=MsoNormal>QUOTED</p></div>",
    "Outlook on the web": '<div>REPLY</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
    f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{HEADER}</font><div>&nbsp;</div></div><div>QUOTED</div>',
    "Outlook on the web, any language": '<div>REPLY</div><hr><div id="divRplyFwdMsg">Xyz: Jane<br>Abc: 5.3.</div><div>QUOTED</div>',
    "Outlook for iOS": '<div>REPLY</div><div><br></div><div id="ms-outlook-mobile-signature">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div>'
    f'<div id="mail-editor-reference-message-container"><div class="ms-outlook-mobile-reference-message">{HEADER}<br>QUOTED</div></div>',
    "Outlook for Mac": f'<div>REPLY</div><span id="OLK_SRC_BODY_SECTION"><div>{HEADER}</div><div>QUOTED</div></span>',
    "Outlook 2003": f'<div class=Section1><p class=MsoNormal>REPLY</p><div><hr size=2 width="100%"><p>{HEADER}</p></div><p>QUOTED</p></div>',
    "Outlook 2003 quoting": '<div>REPLY</div><blockquote style="border-left:solid blue 1.5pt"><div><hr>'
    f"{HEADER}</div>QUOTED</blockquote>",
    "Outlook quoted by Exchange": f'<div>REPLY</div><div id="x_divRplyFwdMsg">{HEADER}</div><div>QUOTED</div>',
    "Apple Mail": f'<html><body>REPLY<br><div><br><blockquote type="cite"><div>{ATTRIBUTION}</div><br><div>QUOTED</div></blockquote></div></body></html>',
    "Apple Mail, attribution outside": f'<div>REPLY</div><div><div>{ATTRIBUTION}</div><br><blockquote type="cite">QUOTED</blockquote></div>',
    "iPhone": f'<div>REPLY<br><br>Sent from my iPhone</div><div><br>{ATTRIBUTION}<br><br></div><blockquote type="cite"><div>QUOTED</div></blockquote>',
    "Thunderbird": f'<p>REPLY</p><div class="moz-cite-prefix">{ATTRIBUTION}<br></div><blockquote type="cite" cite="mid:x@y">QUOTED</blockquote>',
    "Thunderbird, below": f'<div class="moz-cite-prefix">{ATTRIBUTION}<br></div><blockquote type="cite" cite="mid:x@y">QUOTED</blockquote><p>REPLY</p>',
    "Yahoo": '<div class="ydp">REPLY</div><div id="ydp1yahoo_quoted_1" class="yahoo_quoted"><div>On Tuesday, Jane Roe wrote:</div><div>QUOTED</div></div>',
    "Zoho": f'<div>REPLY</div><div class="zmail_extra"><div id="Zm-_Id">---- On Tue, 05 Mar 2024 <b>Jane</b> wrote ---</div><blockquote>QUOTED</blockquote></div>',
    "Proton": f'<div>REPLY</div><div class="protonmail_quote">{ATTRIBUTION}<br><blockquote class="protonmail_quote" type="cite">QUOTED</blockquote></div>',
    "GMX": '<div>REPLY<div name="quote" style="border-left:2px solid #C3D9E5"><div><b>Gesendet:</b> Dienstag</div><div name="quoted-content">QUOTED</div></div></div>',
    "Mail.ru": '<div>REPLY</div><blockquote style="border-left:1px solid #0857A6">Вторник, 5 марта 2024, 9:41 +03:00 от Jane &lt;jane@example.com&gt;:<br>QUOTED</blockquote>',
    "Yandex": '<div>REPLY</div><div>05.03.2024, 09:41, "Jane Roe" &lt;jane@example.com&gt;:</div><blockquote><p>QUOTED</p></blockquote>',
    "Spark": f'<div name="messageBodySection">REPLY</div><div name="messageReplySection">{ATTRIBUTION}<blockquote type="cite">QUOTED</blockquote></div>',
    "Windows Mail": '<div>REPLY<div style="padding-top:5px;border-top:1px solid #e5e5e5"><b>From:</b>&nbsp;<a href="mailto:jane@example.com">Jane Roe</a><br>'
    "<b>Sent:</b>&nbsp;Tuesday, March 5, 2024 9:41 AM<br><b>To:</b>&nbsp;Team</div><div>QUOTED</div></div>",
    "Zimbra": f'<div>REPLY</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">{HEADER}</div><div data-marker="__QUOTED_TEXT__">QUOTED</div>',
    "Roundcube": f'<p>REPLY</p><p id="reply-intro">On 2024-03-05 09:41, Jane Roe wrote:</p><blockquote type="cite">QUOTED</blockquote>',
    "Lotus Notes": "<font size=2>REPLY</font><br><br><table><tr><td>From:</td><td>Jane Roe &lt;jane@example.com&gt;</td></tr>"
    "<tr><td>To:</td><td>Team</td></tr><tr><td>Date:</td><td>03/05/2024 09:41 AM</td></tr><tr><td>Subject:</td><td>Question</td></tr></table><hr><br>QUOTED",
    "Outlook, German": "<p class=MsoNormal>REPLY</p><div><p class=MsoNormal><b>Von:</b> Jane Roe<br><b>Gesendet:</b> Dienstag, 5. März 2024 09:41<br>"
    "<b>An:</b> Team<br><b>Betreff:</b> Frage</p></div><p>QUOTED</p>",
    "Hotmail": f'<div dir="ltr">REPLY<br><br><div><hr id="stopSpelling">Date: Tue, 5 Mar 2024 09:41:00 +0100<br>From: jane@example.com<br>To: team@example.org<br>Subject: Question<br><br>QUOTED</div></div>',
    "Front": '<div>REPLY</div><blockquote type="cite" class="front-blockquote">On March 5, 2024, jane@example.com wrote:<br>QUOTED</blockquote>',
    "Tutanota": f'<div>REPLY</div>5 Mar 2024, 09:41 by jane@example.com:<br><blockquote class="tutanota_quote">QUOTED</blockquote>',
    "QQ": '<div>REPLY</div><div style="font-size:12px">------------------&nbsp;Original&nbsp;------------------</div>'
    "<div><b>From:</b> Jane &lt;jane@example.com&gt;<br><b>Date:</b> Tue, Mar 5, 2024 09:41 AM<br><b>To:</b> Team<br><b>Subject:</b> Question</div><div>QUOTED</div>",
    "Superhuman": f'<div>REPLY</div><div class="gmail_quote"><div>{ATTRIBUTION}</div><blockquote>QUOTED</blockquote></div>',
}
