"""The HTTP surface: CDS Services, health, guideline pages, errors. The only place with FastAPI beside app."""
