"""The blueprint of both APIs: how error answers are documented."""

from typing import Any

from pangolin.web import iceberg, management
from pangolin.web.blueprint import Blueprint
from pangolin.web.iceberg.openapi import Blueprint as IcebergBlueprint
from pangolin.web.management.openapi import Blueprint as ManagementBlueprint


def view() -> str:
    """Answer nothing much."""
    return ""


def test_error_answers_are_documented_by_one_wrapper() -> None:
    documented = IcebergBlueprint("tables", __name__).failures(404, 409)(view)
    assert documented.__wrapped__ is view  # type: ignore[attr-defined]


def test_each_error_answer_has_its_status_meaning_and_schema() -> None:
    for blueprint in (IcebergBlueprint("tables", __name__), ManagementBlueprint("t", __name__)):
        answers = _answers(blueprint.failures(404, 409)(view))
        assert list(answers) == sorted({*blueprint.COMMON, 404, 409})
        for status, (answer,) in answers.items():
            assert answer["description"] == blueprint.MEANING[status]
            assert isinstance(answer["schema"], blueprint.ERROR)


def test_an_answer_that_was_documented_before_stays() -> None:
    blueprint = Blueprint("tables", __name__)
    before = blueprint.alt_response(404, description="Gone.")(view)
    answers = _answers(blueprint.failures(404)(before))
    assert [answer["description"] for answer in answers[404]] == ["Gone.", blueprint.MEANING[404]]
    assert list(_answers(before)) == [404]


def _answers(documented: Any) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = documented._apidoc["response"]["responses"]
    return found


def test_applications_share_the_blueprints_of_both_apis() -> None:
    for api in (iceberg, management):
        assert all(
            one is other for one, other in zip(api.blueprints(), api.blueprints(), strict=True)
        )
