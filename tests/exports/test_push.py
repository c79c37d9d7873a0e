"""Pushing: nothing without a confirmation, to private repositories, and what is asked of the hub, at a stand-in."""

import pytest
from typer.testing import CliRunner

import polydistill
from hub import stand_in
from polydistill.cli import app
from polydistill.exports.push import push

NAME = "me/turkish"


@pytest.fixture
def folder(tmp_path):
    """An exported folder as far as a push looks at it."""
    place = tmp_path / "turkish"
    (place / "1_Pooling").mkdir(parents=True)
    (place / "README.md").write_text("---\ntags:\n- polydistill\n---\n# turkish\n")
    (place / "export.json").write_text("{}")
    (place / "model.safetensors").write_bytes(bytes(range(256)) * 8)
    (place / "1_Pooling" / "config.json").write_text("{}")
    return place


@pytest.fixture
def hub(monkeypatch):
    """The stand-in, with a token to reach it."""
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with stand_in() as (one, address):
        yield one, address


def test_nothing_is_pushed_unless_it_is_confirmed(folder, hub, monkeypatch):
    there, address = hub
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    shown = CliRunner().invoke(app, ["push", str(folder), NAME])
    assert shown.exit_code == 0, shown.output
    assert "model.safetensors" in shown.stdout and "2.0 KiB" in shown.stdout and "1_Pooling/config.json" in shown.stdout
    assert "Nothing was pushed. --confirm pushes these 4 files" in shown.stdout
    assert "to the private repository me/turkish" in shown.stdout
    assert push(folder, NAME, endpoint=address).url is None
    assert not there.asked


def test_what_is_confirmed_arrives_whole_and_private(folder, hub):
    there, address = hub
    done = push(folder, NAME, confirm=True, endpoint=address)
    assert done.url == f"{address}/me/turkish/commit/1"
    assert there.repositories == {NAME: True}
    assert there.tokens == {"Bearer hf_of_a_test"}
    assert there.files == {name: (folder / name).read_bytes() for name, _ in done.files}
    assert done.size == sum(map(len, there.files.values()))
    assert there.messages == ["turkish, exported by polydistill"]
    again = push(folder, NAME, confirm=True, endpoint=address)
    assert again.url == done.url and there.repositories == {NAME: True}, "a private one may be written again"


def test_what_is_public_is_not_written_by_accident(folder, hub):
    there, address = hub
    there.repositories[NAME] = False
    with pytest.raises(ValueError, match=r"is there already, and public.*Say --public"):
        push(folder, NAME, confirm=True, endpoint=address)
    assert not there.files
    push(folder, NAME, confirm=True, public=True, endpoint=address)
    assert there.files


def test_a_new_repository_is_public_where_that_is_said(folder, hub):
    there, address = hub
    push(folder, NAME, confirm=True, public=True, endpoint=address)
    assert there.repositories == {NAME: False}


def test_a_refusal_says_why(folder, hub):
    there, address = hub
    there.refuse = "/api/repos/create"
    with pytest.raises(ValueError, match=r"refused to take me/turkish \(HTTP 403: You may not\).*token may write"):
        push(folder, NAME, confirm=True, endpoint=address)


def test_without_a_network(folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with stand_in() as (_, address):
        pass
    with pytest.raises(ValueError, match=r"The hub at http://127\.0\.0\.1:\d+ cannot be reached"):
        push(folder, NAME, confirm=True, endpoint=address)


def test_without_a_token(folder, monkeypatch):
    monkeypatch.setattr("polydistill.exports.push.get_token", lambda: None)
    with pytest.raises(ValueError, match=r"no token to push with: log in \(hf auth login\), or set HF_TOKEN"):
        push(folder, NAME, confirm=True, endpoint="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("turkish", "does not say whose it is: expected owner/name"),
        ("a/b/c", "cannot be the name"),
        ("me/", "cannot be"),
    ],
)
def test_names_of_repositories(folder, name, said):
    with pytest.raises(ValueError, match=said):
        polydistill.push(folder, name)


def test_only_exported_folders(folder, tmp_path):
    with pytest.raises(
        ValueError, match=r"there is no export\.json\. It holds several: push them one by one \(turkish\)"
    ):
        polydistill.push(tmp_path, NAME)
    (folder / "export.json").unlink()
    with pytest.raises(ValueError, match=r"there is no export\.json\. Export a model first"):
        polydistill.push(folder, NAME)
