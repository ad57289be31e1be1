"""The ground floor: small modules every app may use. No models, imports no app."""
