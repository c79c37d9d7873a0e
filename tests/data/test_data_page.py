"""The examples of docs/data.md run as they stand, and print what the page says."""

import doctest
from pathlib import Path

import datasets

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def test_examples_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    bars = datasets.are_progress_bars_disabled()
    try:
        failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    finally:
        if not bars:
            datasets.enable_progress_bars()
    assert tried > 40
    assert failed == 0
