// The keyboard: `?` lists what each key does.
(() => {
  const dialog = document.getElementById("keys");
  const opener = document.getElementById("show-keys");
  const pages = { o: "/dashboard", j: "/dashboard/jobs", q: "/dashboard/queues", w: "/dashboard/windows", t: "/dashboard/tasks", p: "/dashboard/workers" };
  let isGoing = 0;
  opener.hidden = false;
  opener.addEventListener("click", () => dialog.showModal());

  function press(selector) {
    const found = document.querySelector(selector);
    if (!found) return false;
    if (found.matches("details")) { found.open = true; (found.querySelector("input, button") || found).focus(); } else found.click();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    if (dialog.open) return;
    const key = event.key;
    if (Date.now() - isGoing < 1200 && pages[key]) { location.href = pages[key]; event.preventDefault(); return; }
    isGoing = 0;
    const done = {
      "?": () => dialog.showModal(),
      g: () => { isGoing = Date.now(); },
      p: () => lastin.pause(),
      d: () => lastin.nextTheme(),
      "/": () => { const field = document.getElementById("filter"); field ? field.focus() : location.href = pages.j; },
      c: () => lastin.marks?.act("cancel") || press("#cancel-job"),
      r: () => lastin.marks?.act("retry") || press("#retry-job"),
      Escape: () => lastin.marks?.clear(),
      j: () => lastin.marks?.move(1),
      k: () => lastin.marks?.move(-1),
      x: () => lastin.marks?.toggle(),
      Enter: () => event.target === document.body && lastin.marks?.open(),
    }[key];
    if (done && !(key === "Enter" && event.target !== document.body)) { event.preventDefault(); done(); }
  });
})();
