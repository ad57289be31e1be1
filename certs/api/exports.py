"""Certificates as files, streamed page by page."""

from collections.abc import Iterator

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from certs.api.certificates import PARAMETERS, query_of
from certs.api.plain import CertificateSerializer, certificates_as_json
from certs.search import CertificateQuery, each_page
from opsportal.accounts.permissions import scoped
from opsportal.lib.api.files import FILES, FileView, Row, answer_file

COLUMNS = (*CertificateSerializer.Meta.fields, "names")
_PAGE = 200


class CertificateExport(FileView):
    """All that fit, as a file."""

    permission_classes = [scoped("certs:read")]

    @extend_schema(summary="Export certificates", parameters=PARAMETERS, responses=FILES)
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Export what fits, with its names, as CSV or JSON Lines."""
        rows = _rows(query_of(request))
        if form == "csv":
            rows = map(_flat, rows)
        return answer_file("certificates", form, COLUMNS, rows)


def _rows(query: CertificateQuery) -> Iterator[Row]:
    for page in each_page(query, _PAGE):
        yield from certificates_as_json(page)


def _flat(row: Row) -> Row:
    """With blanks between the names."""
    return {**row, "names": " ".join(row["names"])}
