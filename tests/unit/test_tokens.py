"""Tokens: their form tells scanners what they are, and their checksum catches a slip of the hand."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombud.kit.tokens import TOKEN_PREFIX, digest, new_api_token, new_secret, same, split_api_token


def test_a_fresh_token_splits_into_what_is_stored() -> None:
    token, key_id, secret_hash = new_api_token()
    assert token.startswith(TOKEN_PREFIX)
    split = split_api_token(token)
    assert split is not None
    assert split[0] == key_id
    assert digest(split[1]) == secret_hash
    assert len(secret_hash) == 32


def test_tokens_and_secrets_differ() -> None:
    assert len({new_api_token()[0] for _ in range(50)}) == 50
    assert len({new_secret() for _ in range(50)}) == 50
    assert len(new_secret()) >= 43


def test_one_wrong_character_is_noticed_without_asking_the_database() -> None:
    token = new_api_token()[0]
    for position in range(len(token)):
        wrong = random.choice([letter for letter in "abcXYZ019" if letter != token[position]])
        assert split_api_token(token[:position] + wrong + token[position + 1 :]) is None


@given(text=st.text(max_size=120))
def test_any_other_text_is_no_token(text: str) -> None:
    assert split_api_token(text) is None


@pytest.mark.parametrize("cut", [1, 8, 9, 20, 52])
def test_a_shortened_token_is_no_token(cut: int) -> None:
    assert split_api_token(new_api_token()[0][:-cut]) is None


def test_same_compares_bytes() -> None:
    assert same(digest("a"), digest("a"))
    assert not same(digest("a"), digest("b"))
    assert not same(b"", digest("b"))
