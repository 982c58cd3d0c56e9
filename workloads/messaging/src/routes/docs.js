window.SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  presets: [window.SwaggerUIBundle.presets.apis],
});
