"""Locations, which are never created: any well-formed one is there."""

from tests.api.conformance.names import BAD_LOCATION, LOCATION
from tests.api.conformance.row import answers, documented, inferred, refuses
from tests.api.conformance.texts import location_denied

_PROJECT = "projects/the-project"
_BAD_PROJECT = "projects/the_project"
_SHOWN = {
    "name": LOCATION,
    "locationId": "us-central1",
    "displayName": "us-central1",
    "labels": {"cloud.googleapis.com/region": "us-central1"},
}
_DENIED, _DENIED_DETAILS = location_denied(BAD_LOCATION)
_FOREIGN, _FOREIGN_DETAILS = location_denied(_BAD_PROJECT)

ROWS = [
    answers("ListLocations", "a project", {"name": _PROJECT}, {"locations": [_SHOWN]}, documented("3.7")),
    answers("GetLocation", "a location", {"name": LOCATION}, _SHOWN, documented("3.7")),
    *(
        answers("ListLocations", f"the filter {text}", {"name": _PROJECT, "filter": text}, found, inferred("3.7"))
        for text, found in (
            ('locationId = "us-*"', {"locations": [_SHOWN]}),
            ("display_name = moon", {}),
        )
    ),
    refuses(
        "ListLocations",
        "a bad project",
        {"name": _BAD_PROJECT},
        "PERMISSION_DENIED",
        _FOREIGN,
        inferred("4.3"),
        details=_FOREIGN_DETAILS,
    ),
    refuses(
        "GetLocation",
        "a bad location",
        {"name": BAD_LOCATION},
        "PERMISSION_DENIED",
        _DENIED,
        inferred("4.3"),
        details=_DENIED_DETAILS,
    ),
    *(
        refuses("ListLocations", case, {"name": _PROJECT, **fields}, code, text, inferred("3.4"))
        for case, fields, code, text in (
            ("a negative page size", {"pageSize": -1}, "INVALID_ARGUMENT", "page_size cannot be negative."),
            (
                "a token that is none",
                {"pageToken": "x"},
                "INVALID_ARGUMENT",
                "page_token is invalid. Start again without a token.",
            ),
            (
                "a filter by what is no field",
                {"filter": "moon=1"},
                "INVALID_ARGUMENT",
                'filter is invalid: "moon" is not a field that can be filtered by.',
            ),
        )
    ),
]
