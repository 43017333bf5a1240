// Starts Swagger UI on the contract of this service. No validator badge: it would ask a server elsewhere.
const page = document.getElementById("reference");
SwaggerUIBundle({
  url: page.dataset.contract,
  domNode: page,
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
