// Times are the reader's: the desk learns the browser's zone from a cookie (zone.py) and writes times and takes days so.
// Relative times stay true while a page is open. The wording is that of wording.py.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function ago(passed) {
  if (passed < MINUTE) return "now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h`;
  return passed < 7 * DAY ? `${Math.floor(passed / DAY)} d` : null;
}

function tellZone() {
  const told = `ombud_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  if (document.cookie.split("; ").includes(told)) return;
  const path = document.documentElement.dataset.home.replace(/(?<=.)\/$/, "");
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${told}; path=${path}; max-age=31536000; samesite=lax${secure}`;
}

tellZone();

setInterval(() => {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[datetime]")) {
    const text = ago(now - Date.parse(time.dateTime));
    if (text && time.textContent !== text) time.textContent = text;
  }
}, MINUTE / 2);
