"""Layer maps are the thesis' (eq. 2.11); what does not fit is refused with an explicit map to take instead."""

import pytest

from polydistill.objectives.layer_maps import describe, resolve
from reference import monolingual


@pytest.mark.parametrize("name", ["uniform", "top", "bottom", "last"])
@pytest.mark.parametrize("depths", [(6, 12), (3, 12), (12, 12), (1, 6), (1, 1), (2, 6)])
def test_equals_the_reference(name, depths):
    assert resolve(name, *depths) == monolingual.layer_map(name, *depths)


def test_six_of_twelve():
    assert resolve("uniform", 6, 12) == {1: 2, 2: 4, 3: 6, 4: 8, 5: 10, 6: 12}
    assert resolve("top", 6, 12) == {1: 7, 2: 8, 3: 9, 4: 10, 5: 11, 6: 12}
    assert resolve("bottom", 6, 12) == {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6}
    assert resolve("last", 6, 12) == {6: 12}


def test_an_explicit_map_may_be_any_and_is_sorted():
    reference = {1: 1, 2: 3, 3: 5, 4: 7, 5: 9, 6: 12}  # what the authors' code ships
    assert resolve(reference, 6, 12) == reference
    assert list(resolve({4: 1, 2: 12}, 6, 12)) == [2, 4]
    assert resolve({8: 2}, 8, 4) == {8: 2}


def test_last_needs_no_shallower_student():
    assert resolve("last", 8, 4) == {8: 4}


def test_described_by_student_block():
    assert describe({2: 4, 1: 2}) == "1<-2 2<-4"


def test_a_depth_that_does_not_divide():
    with pytest.raises(ValueError, match=r"divides the teacher's, but 5 does not divide 12.*\{1: 3, 2: 5, 3: 8, 4: 10"):
        resolve("uniform", 5, 12)


@pytest.mark.parametrize("name", ["uniform", "top", "bottom"])
def test_a_deeper_student(name):
    with pytest.raises(ValueError, match=r"it has 8 blocks to the teacher's 4.*\{1: 1, 2: 1, 3: 2, 4: 2, 5: 3"):
        resolve(name, 8, 4)


@pytest.mark.parametrize(
    ("explicit", "message"),
    [
        ({7: 1}, "names student block 7, but the student's are 1 to 6"),
        ({0: 1}, "names student block 0"),
        ({1: 13}, "names teacher block 13, but the teacher's are 1 to 12"),
        ({1: 0}, "names teacher block 0"),
        ({}, "is empty"),
    ],
)
def test_an_explicit_map_of_blocks_that_do_not_exist(explicit, message):
    with pytest.raises(ValueError, match=f"{message}.*Give an explicit map"):
        resolve(explicit, 6, 12)


def test_the_map_offered_fits():
    for student in range(1, 9):
        for teacher in range(1, 9):
            with pytest.raises(ValueError, match="Give an explicit map") as caught:
                resolve({}, student, teacher)
            offered = {
                int(key): int(value)
                for key, value in (
                    pair.split(": ") for pair in str(caught.value).split("{")[-1].rstrip("}.").split(", ")
                )
            }
            assert resolve(offered, student, teacher) == offered
            assert list(offered.values()) == sorted(offered.values())


def test_unknown_names_and_no_blocks():
    with pytest.raises(ValueError, match=r"Unknown layer map 'unifrom'\. Did you mean 'uniform'"):
        resolve("unifrom", 6, 12)
    with pytest.raises(ValueError, match="the student has 0 and the teacher 12"):
        resolve("last", 0, 12)
