import pytest

from polydistill.data.rows.sources import WorldSource
from polydistill.methods.tuning import TuneSpec
from polydistill.starts.origins import Pretrained
from polydistill.training.out import claim, free_if_refused
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Training

FIRST = Run(
    name="first",
    method=TuneSpec(languages=("en",), data=WorldSource(rows=9)),
    start=Pretrained(name="some/model"),
    training=Training(steps=3),
)
SECOND = FIRST.model_copy(update={"start": ResultOf(run=FIRST), "name": "second"})


def test_the_run_lies_in_the_folder_itself_and_the_rest_inside(tmp_path):
    store = claim(tmp_path / "out", SECOND)
    assert store.folder(SECOND) == tmp_path / "out"
    assert store.folder(FIRST).parent == tmp_path / "out" / ".runs"


def test_all_named_folders_share_the_teachers_signals(tmp_path, monkeypatch):
    monkeypatch.setenv("POLYDISTILL_CACHE", str(tmp_path / "cache"))
    assert claim(tmp_path / "one", FIRST).signals == claim(tmp_path / "two", SECOND).signals
    assert claim(tmp_path / "one", FIRST).signals == tmp_path / "cache" / "signals"
    monkeypatch.delenv("POLYDISTILL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert claim(tmp_path / "one", FIRST).signals == tmp_path / "xdg" / "polydistill" / "signals"


def test_the_same_run_again_is_welcome_under_any_name(tmp_path):
    claim(tmp_path / "out", FIRST)
    (tmp_path / "out" / "run.json").write_text("{}")
    assert claim(tmp_path / "out", FIRST.model_copy(update={"name": "renamed"})).folder(FIRST) == tmp_path / "out"


def test_another_run_is_refused(tmp_path):
    claim(tmp_path / "out", FIRST)
    with pytest.raises(ValueError, match=r"holds another run .* Name another folder, or remove this one"):
        claim(tmp_path / "out", FIRST.model_copy(update={"seed": 1}))


@pytest.mark.parametrize(("made", "left"), [("run.json", []), ("checkpoints", ["checkpoints", "identity"])])
def test_a_refused_run_that_has_made_nothing_leaves_nothing(tmp_path, made, left):
    folder = claim(tmp_path / "out", FIRST).out
    (folder / made).touch()
    with pytest.raises(ValueError, match="no rows"), free_if_refused(folder):
        raise ValueError("no rows")
    assert sorted(path.name for path in folder.iterdir()) == left


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(ValueError, match=r"is not empty and holds no run \(thesis.tex\)"):
        claim(tmp_path, FIRST)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_its_place_is_an_error(tmp_path):
    (tmp_path / "out").write_text("file")
    with pytest.raises(OSError, match="out"):
        claim(tmp_path / "out", FIRST)
