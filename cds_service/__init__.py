"""Liver Lesion CDS: a CDS Hooks service for the ACR topic "Liver Lesion - Initial Characterization"."""
