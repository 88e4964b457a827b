// Validation by a public server is off: it would be told what this service looks like.
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#description", validatorUrl: null, tryItOutEnabled: false });
