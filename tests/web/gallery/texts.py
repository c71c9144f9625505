"""Message bodies of the gallery: short, very long, tabular, in other scripts, hostile (as sanitised)."""

from __future__ import annotations

from markupsafe import Markup

USUAL = Markup(
    "<p>Hi there,</p><p>since this morning our card reader in the Leeds shop says <code>E-1042</code> whenever "
    "somebody pays more than £100. Restarting helps for about ten minutes. The serial number is CR-88213.</p>"
    "<p>Could you look at it today? Saturday is our busiest day.</p><p>Amara</p>"
)
QUOTE = Markup(
    "<blockquote><p>On Monday Jonas Weber wrote:</p><p>Which firmware does it show?</p></blockquote>"
)
ANSWER = Markup(
    "<p>Hello Amara,</p><p>thank you for the serial number, that made it easy. <strong>E-1042</strong> is a "
    "certificate that ran out last night; firmware <em>4.2.1</em> renews it by itself:</p><ol><li>Open "
    "<em>Settings → Device</em> on the reader.</li><li>Choose <em>Update</em> and wait about two minutes.</li>"
    '<li>Take one payment over £100.</li></ol><p>More about it <a href="https://docs.example/e-1042" '
    'rel="noopener noreferrer">on this page</a>. I shall look at your terminal again at four.</p>'
)
NOTE = Markup(
    "<p>Third reader with this since yesterday. Tell platform before the weekend. @mei can you check?</p>"
)
WORD = Markup("<p>Thanks!</p>")
TABLE = Markup(  # noqa: S704 -- made up here
    "<p>These are the ones that are missing:</p><table><thead><tr><th>Invoice</th><th>Date</th><th>Customer</th>"
    "<th>Net</th><th>VAT</th><th>Total</th><th>Status in your export</th></tr></thead><tbody>"
    + "".join(
        f"<tr><td>INV-2026-{n:05d}</td><td>{n}&nbsp;November&nbsp;2026</td><td>Northwind Leeds</td><td>1,240.00</td>"
        "<td>248.00</td><td>1,488.00</td><td>not exported at all</td></tr>"
        for n in range(3, 8)
    )
    + "</tbody></table><pre><code>GET /v1/invoices?status=paid&amp;limit=200&amp;created_after=2026-11-01T00:00:00Z"
    ' HTTP/1.1\n500 {"error": "internal"}</code></pre>'
)
ARABIC = Markup(
    "<p>السلام عليكم، منذ التحديث الأخير لا أستطيع تنزيل الفواتير بصيغة PDF. تظهر لي رسالة الخطأ E-77 كل مرة.</p>"
    "<p>أرجو المساعدة، وشكرًا لكم.</p>"
)
JAPANESE = Markup(
    "<p>お世話になっております。昨日からカードリーダーの電源が入りません。再起動も試しましたが変わりません。</p>"
)
# Shown as its author typed it: the sanitiser made text of it.
HOSTILE = Markup("<p>{}</p>").format(
    '<script>alert(1)</script><img src=x onerror="alert(2)"><style>*{display:none}</style>' + "W" * 300
)
LONG = Markup(  # noqa: S704 -- made up here
    "".join(
        f"<p>{n}. We opened the reader, wrote its number down, closed it again and waited for the light to turn "
        "green, which it did after a while, though not as long as the manual says it should.</p>"
        for n in range(1, 320)
    )
)
TITLE_500 = ("Refund for order 99-1042-B does not arrive although the bank says it was never sent, and " * 6)[
    :500
]
