"""The people of the gallery: made-up colleagues and customers, some of them awkward on purpose."""

from __future__ import annotations

from ombud.web.views.people import PersonView, TagView

PRIYA = PersonView.of("Priya Nair", "priya@desk.example")
JONAS = PersonView.of("Jonas Weber", "jonas@desk.example")
MEI = PersonView.of("Mei Tanaka", "mei@desk.example")
GONE = PersonView.of("Oliver Grant", "oliver@desk.example", active=False)
AMARA = PersonView.of("Amara Okafor", "amara@northwind.example", href="/people/7")
SOFIA = PersonView.of("Sofía Álvarez-Castellanos de la Fuente y Montemayor", "sofia@tienda.example")
NAMELESS = PersonView.of(None, "ap-invoices.do-not-reply@very-long-subdomain.procurement.example")
HASSAN = PersonView.of("حسن الشامي", "hassan@souk.example")
YUKI = PersonView.of("佐藤 由紀", "yuki@denki.example")

BILLING = TagView("billing", "#0e7c78")
REFUND = TagView("refund", "#b4501e")
TWENTY = tuple(
    TagView(name, color)
    for name, color in zip(
        [
            "billing",
            "refund",
            "vip",
            "card-reader",
            "login-problem",
            "invoice",
            "api",
            "webhook",
            "export",
            "gdpr",
            "outage",
            "mobile",
            "ios",
            "android",
            "shipping",
            "tax-2026",
            "onboarding",
            "a-tag-with-quite-a-long-name-indeed",
            "churn-risk",
            "spanish",
        ],
        ["#0e7c78", "#b4501e", "#7a5cc0", "#2f6fb0", "#a83a5b"] * 4,
        strict=True,
    )
)
