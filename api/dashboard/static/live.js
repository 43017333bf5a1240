// Asks for what has changed every 2 s: one request at a time, none while nobody looks, while it is paused, or held because
// the reader is busy with what is there. htmx sends it and puts the answer in place.
(() => {
  const EVERY_MS = 2000, AWAY_MS = 5000;
  const region = document.getElementById("live");
  const button = document.getElementById("live-switch");
  const isLive = region && region.hasAttribute("hx-get");
  let isAway = false, isAsking = false, isPaused = false, next = 0;
  const holders = new Set();
  try { isPaused = sessionStorage.getItem("lastin.paused") === "1"; } catch { /* it isn't, then */ }

  // What the reader has opened or marked stays so, whatever comes.
  htmx.registerExtension("keep", {
    htmx_before_morph_attr(element, { attrName }) {
      if (element.matches("details") && attrName === "open") return false;
      if (element.matches("time") && (attrName === "title" || attrName === "data-told")) return false;
      if (element.matches(".copy") && attrName === "hidden") return false;
      return true;
    },
  });

  function state() { return isAway ? "away" : isPaused ? "paused" : holders.size ? "held" : "live"; }

  function show() {
    if (!button) return;
    const words = { live: "live", paused: "paused", held: "held", away: "no answer" };
    button.hidden = false;
    button.dataset.state = state();
    button.setAttribute("aria-pressed", String(isPaused));
    button.title = { live: "Updates every 2 s. Click to pause.", paused: "Click to go on.", held: "It goes on when nothing is marked.", away: "The service, or its Redis, doesn't answer. What you see may be old." }[state()];
    document.getElementById("live-word").textContent = words[state()];
  }

  lastin.pause = () => {
    if (!isLive) return;
    isPaused = !isPaused;
    try { sessionStorage.setItem("lastin.paused", isPaused ? "1" : ""); } catch { /* for this page, then */ }
    lastin.say(isPaused ? "Updates are paused." : "Updates go on.");
    next = 0;
    show();
  };
  lastin.hold = (who, isHeld) => { holders[isHeld ? "add" : "delete"](who); show(); };

  function tick() {
    if (document.hidden || isPaused || isAsking || holders.size || Date.now() < next) return;
    if (document.querySelector("dialog[open], .actions details[open]")) return;
    next = Date.now() + EVERY_MS;
    htmx.trigger(region, "poll");
  }

  function prepare() {
    for (const one of document.querySelectorAll(".copy")) one.hidden = false;
    lastin.showTimes();
  }

  document.addEventListener("click", async (event) => {
    const copy = event.target.closest(".copy");
    if (copy) {
      const text = document.getElementById(copy.dataset.copy);
      try { await navigator.clipboard.writeText(text.textContent); } catch {
        getSelection().selectAllChildren(text);  // without a secure context
        document.execCommand("copy");
      }
      lastin.say("Copied.");
      copy.classList.add("done");
      copy.title = "Copied";
    }
    const drawn = event.target.closest("[data-href]");
    if (drawn) location.href = drawn.dataset.href;
  });

  if (isLive) {
    button.addEventListener("click", lastin.pause);
    region.addEventListener("htmx:before:request", () => { isAsking = true; button.classList.add("polling"); });
    region.addEventListener("htmx:finally:request", (event) => {
      isAsking = false;
      button.classList.remove("polling");
      const status = event.detail.ctx.response?.status;
      const wasAway = isAway;
      isAway = !(status === 304 || (status >= 200 && status < 300));
      if (isAway) next = Date.now() + AWAY_MS;
      if (isAway && !wasAway) {
        const said = status && event.detail.ctx.text && status !== 500 ? event.detail.ctx.text : "The service doesn't answer.";
        document.getElementById("away-words").textContent = `${said} What you see is as it was at ${lastin.clock(lastin.now() / 1000)}.`;
      }
      document.getElementById("away").hidden = !isAway;
      show();
    });
    region.addEventListener("htmx:after:swap", () => { prepare(); document.dispatchEvent(new Event("lastin:shown")); });
    setInterval(tick, 250);
    next = Date.now() + EVERY_MS;
  }
  const retry = document.querySelector("[data-retry]");
  if (retry) setTimeout(() => location.reload(), 3000);
  const params = new URLSearchParams(location.search);
  if (params.has("done")) {  // said once
    params.delete("done");
    history.replaceState(null, "", location.pathname + (params.size ? `?${params}` : ""));
  }
  prepare();
  show();
})();
