import pytest

from polydistill.papers.columns import Column, by_name


def test_a_code_is_the_column_of_a_language():
    column = Column.model_validate("tr")
    assert (column.name, column.language, column.is_language, column.part) == ("tr", "tr", True, "")
    assert column.model_dump_json() == '"tr"'
    task = Column(name="NER tr", language="tr", task="NER")
    assert not task.is_language
    assert not Column(name="tr", language="tr", task="NER").is_language
    assert Column.model_validate_json(task.model_dump_json()) == task


def test_the_part_of_a_row_that_a_column_reads():
    assert Column(name="a", language="tr", task="NER").part == "NER"
    assert Column(name="a", language="tr", task="NER", shots=10).part == "NER k=10"
    assert Column(name="a", language="tr", variant="alpha 0.2").part == "alpha 0.2"
    assert Column(name="a", language="tr", task="NER", variant="alpha 0.2", shots=5).part == "NER alpha 0.2 k=5"
    assert "variant" not in Column(name="a", language="tr").model_dump()


def test_a_pair_of_languages_has_a_column_like_a_language():
    column = Column.model_validate("fr-tr")
    assert (column.language, column.is_language, column.model_dump_json()) == ("fr-tr", True, '"fr-tr"')
    assert column.zero_shot(("fr-de",)) and not column.zero_shot(("fr-tr",))


def test_zero_shot_needs_labels_that_were_not_seen():
    assert Column.model_validate("tr").zero_shot(("en",))
    assert not Column.model_validate("en").zero_shot(("en",))
    assert not Column(name="a", language="tr", shots=10).zero_shot(("en",))
    assert not Column(name="a", language="tr", labelled=False).zero_shot(())
    assert not Column(name="a", over=("tr",)).zero_shot(())


def test_a_column_is_a_score_or_a_mean():
    with pytest.raises(ValueError, match="expected either a language, or the columns"):
        Column(name="a")
    with pytest.raises(ValueError, match="expected either a language, or the columns"):
        Column(name="a", language="tr", over=("b",))
    with pytest.raises(ValueError, match="Unknown language"):
        Column.model_validate("xx")
    with pytest.raises(ValueError, match="the table's main average"):
        Column(name="average", over=("a",))


def test_names_differ_and_means_are_over_single_columns():
    single, mean = Column(name="NER tr", language="tr"), Column(name="mean", over=("NER tr",))
    assert list(by_name([single, mean])) == ["NER tr", "mean"]
    with pytest.raises(ValueError, match="Two columns are named 'NER tr'"):
        by_name([single, single])
    with pytest.raises(ValueError, match=r"'mean' is the mean of.*'NER tr'"):
        by_name([mean])
    with pytest.raises(ValueError, match=r"'means' is the mean of.*'mean'"):
        by_name([single, mean, Column(name="means", over=("mean",))])
