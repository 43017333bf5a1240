// Jobs that are marked, and the one the keyboard stands at. While something is marked the list holds still.
(() => {
  const form = document.getElementById("marks");
  if (!form) return;
  let at = null;
  const boxes = () => [...form.querySelectorAll('input[name="id"]')];
  const rows = () => [...form.querySelectorAll("tr[data-job]")];
  const all = () => form.querySelector('input[name="all"]');
  const shown = () => form.querySelector("#mark-shown");

  function tell() {
    const count = boxes().filter((box) => box.checked).length;
    const bar = form.querySelector(".marked");
    if (!bar) { lastin.hold("marks", at !== null); return; }
    const isAny = count > 0 || all()?.checked;
    bar.classList.toggle("any", Boolean(isAny));
    form.querySelector("#marked-count").textContent = all()?.checked ? "All that match are marked." : count === 0 ? "Mark jobs to cancel or retry them." : count === 1 ? "1 job is marked." : `${count} jobs are marked.`;
    if (shown()) { shown().checked = count > 0 && count === boxes().length; shown().indeterminate = count > 0 && count < boxes().length; }
    for (const one of form.querySelectorAll("[data-needs-marks]")) one.disabled = !isAny;
    lastin.hold("marks", isAny || at !== null);
  }

  function stand(row) {
    for (const other of rows()) other.classList.toggle("at", other === row);
    at = row;
    row?.scrollIntoView({ block: "nearest" });
    tell();
  }

  lastin.marks = {
    move(by) {
      const list = rows();
      if (list.length) stand(list[Math.min(list.length - 1, Math.max(0, at && at.isConnected ? list.indexOf(at) + by : 0))]);
    },
    toggle() { const box = at?.querySelector('input[name="id"]'); if (box) { box.checked = !box.checked; tell(); } },
    open() { const link = at?.querySelector("a[data-open]"); if (link) location.href = link.href; },
    clear() { for (const box of boxes()) box.checked = false; if (all()) all().checked = false; stand(null); },
    act(what) {
      if (!boxes().some((box) => box.checked) && !all()?.checked) this.toggle();
      const button = form.querySelector(`button[value="${what}"]`);
      if (button && !button.disabled) button.click();
      return true;
    },
  };
  form.addEventListener("change", (event) => {
    if (event.target.id === "mark-shown") for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.name === "id" && !event.target.checked && all()) all().checked = false;
    tell();
  });
  tell();
})();
