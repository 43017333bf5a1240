// Before anything is drawn: the theme that was chosen here, if one was.
(() => {
  const key = "lastin.theme";
  const chosen = () => { try { return localStorage.getItem(key) || ""; } catch { return ""; } };
  const apply = (theme) => theme ? (document.documentElement.dataset.theme = theme) : delete document.documentElement.dataset.theme;
  apply(chosen());
  window.lastin = {
    say(text) { document.getElementById("said").textContent = text; },
    nextTheme() {
      const order = ["", "light", "dark"];
      const next = order[(order.indexOf(chosen()) + 1) % order.length];
      try { localStorage.setItem(key, next); } catch { /* then it lasts as long as the page */ }
      apply(next);
      const name = `Theme: ${next || "as the system has it"}`;
      document.getElementById("theme").setAttribute("aria-label", name);
      lastin.say(name);
      document.dispatchEvent(new Event("lastin:theme"));
    },
  };
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    button.hidden = false;
    if (chosen()) button.setAttribute("aria-label", `Theme: ${chosen()}`);
    button.addEventListener("click", lastin.nextTheme);
  });
})();
