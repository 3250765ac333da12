"""A-09: somebody wants to learn which addresses and orders there are. What the answers take in time is measured by
bench/enumeration.py; here is what they say, and how often one may try."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.attacks.conftest import by_wording, leaks
from tests.visitors import Target, Victim, Visitor

NOBODY = "nobody.at.all@example.com"
LOCKED = "too many times"
GUESSES = 5  # identity.yml


def answers(target: Target, sentence: str, email: str, *responses: str) -> set[str]:
    """Return the answers to a sentence, each asked for in a conversation of its own, without what was drawn by lot."""
    found = set()
    for _ in range(4):
        visitor = target.visitor()
        visitor.say("hi")
        found.add(by_wording(visitor.say(sentence.format(email=email)), *responses))
    return found


def test_a_password_reset_says_the_same_of_every_address(target: Target) -> None:
    victim = target.meet("delivered")
    sentence = "I forgot my password, my e-mail is {email}"
    known = answers(target, sentence, victim.email, "utter_password_reset_sent")
    unknown = answers(target, sentence, NOBODY, "utter_password_reset_sent")
    assert known == unknown == {"utter_password_reset_sent"}
    assert len(target.rows("SELECT 1 FROM outbox WHERE recipient = ?", victim.email)) == 3, (
        "and no more than that"
    )
    assert target.rows("SELECT 1 FROM outbox WHERE recipient = ?", NOBODY) == []


def test_a_wrong_proof_says_the_same_of_every_address(target: Target) -> None:
    sentence = "where is my order L299998? my e-mail is {email}"
    responses = ("utter_identity_failed", "utter_identity_failed_few")
    known = answers(target, sentence, target.meet("delivered").email, *responses)
    unknown = answers(target, sentence, NOBODY, *responses)
    assert known == unknown == set(responses)


def guess(visitor: Visitor, email: str, proof: str) -> str:
    return visitor.say(f"where is my order {proof}? my e-mail is {email}")


def test_guessing_order_numbers_is_over_after_a_few_tries_wherever_they_come_from(target: Target) -> None:
    for email, proof in (
        ((victim := target.meet("shipped")).email, victim.number),
        ("not.there@example.com", "L299998"),
    ):
        told = [guess(target.visitor(), email, f"L29{number:04d}") for number in range(GUESSES)]
        assert not any(LOCKED in text for text in told[:-1])
        assert LOCKED in told[-1]
        for visitor in (target.visitor(), target.visitor()):
            told = [guess(visitor, email, proof)]
            assert LOCKED in told[0], "then the right one opens nothing either"
            assert leaks(told[0], victim) == []


def test_a_thousand_tries_at_once_are_counted_one_by_one(target: Target) -> None:
    victim = target.meet("shipped")

    def attack(number: int) -> str:
        return guess(target.visitor(), victim.email, f"L28{number:04d}")

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(attack, range(24)))
    assert sum(LOCKED not in text for text in told) <= GUESSES - 1
    [count] = target.rows("SELECT max(count) FROM throttles WHERE scope = 'identity.email'")[0]
    assert count == GUESSES, "a locked address is not even looked at"
    assert LOCKED in guess(target.visitor(), victim.email, victim.number)


def test_one_conversation_tries_only_a_few_addresses(target: Target) -> None:
    victims: list[Victim] = [target.meet("delivered") for _ in range(GUESSES + 1)]
    visitor = target.visitor()
    told = [guess(visitor, victim.email, f"L27{n:04d}") for n, victim in enumerate(victims[:GUESSES])]
    assert LOCKED in told[-1]
    right = guess(visitor, victims[-1].email, victims[-1].number)
    assert LOCKED in right
    assert leaks(right, victims[-1]) == []
    assert target.customer(victims[-1]), "the customer is not locked out by what others try elsewhere"
