"""Find certificates and findings: one description for page, API, calendar and exports alike."""

from certs.search.facets import COUNTED, count_facets
from certs.search.find import each_page, page_of_certificates, search_certificates
from certs.search.findings import FindingQuery, read_finding_query, search_findings
from certs.search.query import FILTERS, CertificateQuery, State, read_query

__all__ = [
    "COUNTED",
    "FILTERS",
    "CertificateQuery",
    "FindingQuery",
    "State",
    "count_facets",
    "each_page",
    "page_of_certificates",
    "read_finding_query",
    "read_query",
    "search_certificates",
    "search_findings",
]
