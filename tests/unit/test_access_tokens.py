"""Where OAuth access tokens come from (5.11)."""

import asyncio

import jwt
import pytest

from broker.identity.access_tokens import CLOUD_PLATFORM, TokenDirectory, TokenSources, TokenUnavailable
from broker.identity.keys import SigningKeys

EMAIL = "worker@p.iam.gserviceaccount.com"
NOW_US = 1_700_000_000_000_000


class Secrets:
    async def get_or_create(self, name, make):
        return make()


@pytest.fixture(scope="module")
def keys():
    return asyncio.run(SigningKeys.load(Secrets()))


async def test_by_default_tokens_are_our_own(keys):
    sources = TokenSources(keys, "http://issuer")
    header = (await sources.oauth.authorization(EMAIL, CLOUD_PLATFORM, NOW_US)).value
    key = jwt.PyJWKSet.from_dict(keys.jwks())[keys.key_id]
    claims = jwt.decode(header.removeprefix("Bearer "), key, ["RS256"], options={"verify_exp": False})
    assert (claims["iss"], claims["email"], claims["scope"]) == ("http://issuer", EMAIL, CLOUD_PLATFORM)
    assert claims["exp"] - claims["iat"] == 3600
    assert "aud" not in claims
    assert (await sources.oauth.authorization(EMAIL, CLOUD_PLATFORM, NOW_US)).value == header
    assert (await sources.oauth.authorization(EMAIL, "other", NOW_US)).value != header


async def test_a_directory_holds_one_token_for_each_account(keys, tmp_path):
    source = TokenSources(keys, "http://issuer", tmp_path).oauth
    (tmp_path / EMAIL).write_text("ya29.first\n")
    assert (await source.authorization(EMAIL, "any", NOW_US)).value == "Bearer ya29.first"
    (tmp_path / EMAIL).write_text("ya29.second")
    assert source.known(EMAIL, "any", NOW_US) is None
    assert (await source.authorization(EMAIL, "any", NOW_US)).value == "Bearer ya29.second"


@pytest.mark.parametrize("content", [None, "", "two words", "line\nline", "t\u00f6ken"])
async def test_a_token_that_is_not_there_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / EMAIL).write_text(content)
    with pytest.raises(TokenUnavailable, match=rf"no token for {EMAIL}: .*{EMAIL} \(setting oauth_token_dir\): "):
        await TokenDirectory(tmp_path).authorization(EMAIL, "", NOW_US)


@pytest.mark.parametrize("account", ["../secret@x", "a/b@x", ".hidden@x", "secret", "", "a@b/../c", "a@..\n"])
async def test_an_account_cannot_name_another_file(tmp_path, account):
    (tmp_path / "secret").write_text("secret")
    directory = tmp_path / "tokens"
    directory.mkdir()
    with pytest.raises(TokenUnavailable, match="no e-mail address"):
        await TokenDirectory(directory).authorization(account, "", NOW_US)
