// Times as people say them, in the reader's zone; the exact one on hover. The server's clock counts, not this machine's.
(() => {
  const told = Number(document.querySelector('meta[name="now"]').content);
  const ahead = told - Date.now();
  const now = () => Date.now() + ahead;
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const date = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

  function length(ms) {
    const s = Math.max(0, ms) / 1000;
    if (s < 0.05) return "0 s";
    if (s < 10) return `${s.toFixed(s < 1 ? 1 : 0)} s`;
    if (s < 60) return `${Math.floor(s)} s`;
    if (s < 600) { const rest = Math.floor(s % 60); return `${Math.floor(s / 60)} min${rest && s < 300 ? ` ${rest} s` : ""}`; }
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 36000) { const rest = Math.floor(s % 3600 / 60); return `${Math.floor(s / 3600)} h${rest ? ` ${rest} min` : ""}`; }
    if (s < 172800) return `${Math.floor(s / 3600)} h`;
    return `${Math.floor(s / 86400)} d`;
  }

  function words(at, form) {
    const away = now() - at;
    if (form === "clock") return (away > 43200000 ? `${date.format(at)}, ` : "") + clock.format(at);
    if (form === "age") return length(away);
    if (away < -999) return `in ${length(-away)}`;
    if (form === "until") return away < 3000 ? "now" : `${length(away)} late`;
    return away < 1000 ? "just now" : `${length(away)} ago`;
  }

  function show(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = Date.parse(time.dateTime);
      const text = words(at, time.dataset.form);
      if (time.textContent !== text) time.textContent = text;
      if (!time.title || time.dataset.told !== time.dateTime) {
        time.title = exact.format(at);
        time.dataset.told = time.dateTime;
      }
    }
  }

  lastin.now = now;
  lastin.clock = (seconds) => clock.format(seconds * 1000);
  lastin.showTimes = () => show(document);
  lastin.showTimes();
  setInterval(() => { if (!document.hidden) lastin.showTimes(); }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) lastin.showTimes(); });
})();
