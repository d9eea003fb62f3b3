"""What a password costs to hash where nobody chose less, as the other tests do."""

from argon2 import Type, extract_parameters

from pangolin.services.authn import passwords
from pangolin.settings import Settings


def test_a_password_is_hashed_at_the_price_of_the_defaults() -> None:
    used = extract_parameters(passwords.hash_password(Settings(), "a long enough password"))
    assert used.type is Type.ID
    assert (used.memory_cost, used.time_cost, used.parallelism) == (65536, 3, 4)
