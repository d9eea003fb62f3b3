"""The picture of the architecture shows the layers that import-linter enforces."""

from xml.etree import ElementTree

from docs.generators import architecture
from docs.generators.architecture import PICTURE, layers, picture

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_drawn_from_the_contracts() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "run `python -m docs.generate`"


def test_every_layer_is_in_the_picture() -> None:
    # The picture is ours.
    drawn = {each.text for each in ElementTree.parse(PICTURE).iter(f"{SVG}text")}
    named = {
        name for contract in ("layers", "services") for row in layers(contract) for name in row
    }
    assert len(named) > 30
    assert named <= drawn


def test_every_role_is_that_of_a_layer() -> None:
    named = {
        name for contract in ("layers", "services") for row in layers(contract) for name in row
    }
    assert set(architecture.ROLES) == named - {architecture.SERVICES}
