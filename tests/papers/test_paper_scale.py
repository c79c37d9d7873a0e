from polydistill.papers import catalogue
from polydistill.papers.plan import with_starts
from tiers import first_quick


@first_quick("id", catalogue.tables())
def test_nothing_clips_at_the_paper_scale(id):
    """No paper names clipping, nor does any code of theirs."""
    clips = {run.name: run.training.clip for run in with_starts(catalogue.recipe(id, "paper").wanted([0]))}
    assert not {name for name, clip in clips.items() if clip}
