"""Reading radiology reports in prose: plain text in, what it says of focal liver lesions out.

Linear in the length of the report: RE2, patterns that cannot go back far, and plain walks
over short statements.
"""

from cds_service.fhir.narrative.reader import read_report
from cds_service.fhir.narrative.reading import Reading, StudyReading
from cds_service.fhir.narrative.reread import read_once
from cds_service.fhir.narrative.resource_text import report_text

__all__ = ["Reading", "StudyReading", "read_once", "read_report", "report_text"]
