"""That nothing but the properties of a credential holds a secret."""

import json
from typing import ClassVar

from pangolin.errors import PangolinError
from pangolin.interfaces.credential_vending import CredentialVendor, Vended
from pangolin.interfaces.object_storage import Warehouse
from pangolin.testing.vendor_contract_place import Lender, Place, everything, fresh


class SecrecyContract:
    """Secrets are neither shown nor logged, nor in the documents that an administrator pastes."""

    secret_options: ClassVar[tuple[str, ...]]
    secret_properties: ClassVar[tuple[str, ...]]

    def test_nothing_that_is_printed_holds_a_secret(
        self, vendor: CredentialVendor, lender: Lender, place: Place
    ) -> None:
        access = everything(place.table)
        vended = lender.vend(access)
        shown = _shown(vendor, lender.warehouse, lender.grant(access), vended, vended.details)
        assert [
            secret for secret in self._secrets(lender.warehouse, vended) if secret in shown
        ] == []

    def test_no_refusal_holds_a_secret(self, lender: Lender, place: Place) -> None:
        vended = lender.vend(everything(place.table))
        store, refusals = lender.open_for(vended), []
        for attempt in (
            lambda: store.put(fresh(place.sibling), b"x"),
            lambda: list(store.list(place.bucket)),
            lambda: lender.vend(everything(place.table, place.other, "no-location")),
        ):
            try:
                attempt()
            except PangolinError as error:
                refusals += [error, error.details, error.__cause__]
        assert refusals, "something must have been refused"
        shown = _shown(*refusals)
        assert [
            secret for secret in self._secrets(lender.warehouse, vended) if secret in shown
        ] == []

    def test_what_is_to_be_pasted_is_json_without_secrets(
        self, vendor: CredentialVendor, lender: Lender, place: Place
    ) -> None:
        prepared = vendor.prepare(lender.warehouse)
        if prepared is None:
            return
        assert isinstance(prepared.external_id, str)
        text = json.dumps(dict(prepared.documents), ensure_ascii=False)
        assert json.loads(text) == dict(prepared.documents)
        secrets = self._secrets(lender.warehouse, lender.vend(everything(place.table)))
        shown = text + _shown(prepared)
        found = [each for each in secrets if each in shown and each != prepared.external_id]
        assert found == []

    def _secrets(self, warehouse: Warehouse, vended: Vended) -> list[str]:
        # A name that is not there would make the test prove nothing.
        own = [warehouse.config[name] for name in self.secret_options]
        lent = [vended.config[name] for name in self.secret_properties]
        assert lent, "name the properties that grant access"
        return own + lent


def _shown(*things: object) -> str:
    return "\n".join(text for thing in things for text in (repr(thing), str(thing)))
