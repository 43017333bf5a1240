// Starts Swagger UI on the contract of this service. No validator badge: it would ask a server elsewhere.
// What an operation needs the id of stands in its form already: of the newest thing that it can be done to, or of what was
// just made.
const page = document.getElementById("reference");
const needed = {
  show_job: ["job_id", "/v1/jobs?limit=1", () => true],
  explain_job: ["job_id", "/v1/jobs?limit=1", () => true],
  cancel_job: ["job_id", "/v1/jobs?status=scheduled,queued,running&limit=1", (job) => !job.finished_at],
  retry_job: ["job_id", "/v1/jobs?status=rejected,cancelled,expired&limit=1", (job) => job.status === "cancelled"],
  show_window: ["window_id", "/v1/windows?limit=1", () => true],
  close_window: ["window_id", "/v1/windows?limit=1", () => true],
  show_recurring: ["name", "/v1/recurring", () => true],
  pause_recurring: ["name", "/v1/recurring", () => true],
  resume_recurring: ["name", "/v1/recurring", () => true],
};
const places = {};

function fill(operation, id) {
  ui.specActions.changeParam(places[operation], needed[operation][0], "path", id, false);
}

async function fillNewest() {
  for (const [operation, [, list]] of Object.entries(needed)) {
    const answer = await fetch(list);
    const [newest] = answer.ok ? await answer.json() : [];
    if (newest) fill(operation, newest.id ?? newest.name);
  }
}

function fillMade(answer) {
  const { pathname } = new URL(answer.url, location.href);
  if (answer.ok && answer.text && /^\/v1\/(jobs|windows)/.test(pathname)) {
    const made = [].concat(JSON.parse(answer.text)).at(-1);
    const parameter = pathname.startsWith("/v1/jobs") ? "job_id" : "window_id";
    for (const [operation, [of, , fits]] of Object.entries(needed)) {
      if (of === parameter && made?.id && fits(made)) fill(operation, made.id);
    }
  }
  return answer;
}

function locate() {
  for (const [path, item] of Object.entries(ui.specSelectors.specJson().toJS().paths)) {
    for (const [method, { operationId }] of Object.entries(item)) places[operationId] = [path, method];
  }
}

const ui = SwaggerUIBundle({
  url: page.dataset.contract,
  domNode: page,
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
  responseInterceptor: (answer) => (answer.url.endsWith(page.dataset.contract) ? answer : fillMade(answer)),
  onComplete: () => {
    locate();
    fillNewest();
  },
});
